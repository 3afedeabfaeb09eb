import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { HostError } from '../errors.ts';
import type { Host } from './host.ts';
import { localHost } from './local.ts';
import { startLocalProcess } from './local-process.ts';

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
    const [file = ''] = command;
    if (!isProgram(file, options.env?.['PATH'] ?? process.env['PATH'], options.cwd)) {
      // What enters the namespace would start, and only then find nothing to become.
      throw new HostError(
        'HOST_SPAWN_FAILED',
        `${name}: cannot start ${file}: there is no such program`,
        `Is ${file} installed, executable, and on PATH (${process.env['PATH'] ?? 'unset'})?`,
      );
    }
    const env = { ...options.env, ...mark };
    return startLocalProcess(name, [...enter, ...command], { ...options, env });
  });
}

/** As execvp would find it. */
function isProgram(file: string, path = '/usr/bin:/bin', cwd = '.'): boolean {
  const candidates = file.includes('/')
    ? [resolve(cwd, file)]
    : path.split(':').map((directory) => resolve(cwd, directory, file));
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}
