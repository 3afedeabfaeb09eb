import type { Host } from './host.ts';
import { localHost } from './local.ts';
import { startLocalProcess } from './local-process.ts';
import { requireProgram } from './which.ts';

/** A network namespace of this machine as seen by whoever wants to start something in it. */
export interface NamespaceEntry {
  /** Command that enters the namespace and becomes the command that follows it, under the same pid. */
  readonly enter: readonly string[];
  /** Environment of everything that starts there, by which strays are found again. */
  readonly mark: Readonly<Record<string, string>>;
}

/**
 * A network namespace as a Host: this machine's files and processes, with interfaces, addresses and ports of its own.
 * Processes have the guarantees of the local host: they die with us, and a pid is that of the command itself.
 */
export function namespaceHost(
  spec: Pick<Host, 'name' | 'site' | 'address' | 'directory'>,
  { enter, mark }: NamespaceEntry,
): Promise<Host> {
  return localHost(spec, async (name, command, options) => {
    requireProgram(name, command[0] ?? '', options);
    const env = { ...options.env, ...mark };
    return startLocalProcess(name, [...enter, ...command], { ...options, env });
  });
}
