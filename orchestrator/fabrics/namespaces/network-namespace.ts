import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { FabricError } from '../../errors.ts';
import type { HostProcess } from '../../hosts/host.ts';
import { startLocalProcess } from '../../hosts/local-process.ts';
import type { NamespaceEntry } from '../../hosts/namespace.ts';

/** A network namespace without a name in the file system: it lasts as long as a process is in it. */
export interface Namespace extends NamespaceEntry {
  readonly process: HostProcess;
}

/**
 * Who may make namespaces: root by right; anybody else as root of a user namespace, which the first namespace of a run
 * makes and the others join.
 */
export type Privilege = 'root' | 'rootless';

const startMs = 10_000;

/** Does nothing until its stdin ends, which means that whoever made it is gone. Its first argument shows in ps and lsns. */
const script = 'echo ready; while read -r _; do :; done';

export interface NamespaceSpec {
  /** Carries the run's id. */
  readonly label: string;
  readonly privilege: Privilege;
  readonly mark: NamespaceEntry['mark'];
  /** Rootless: the namespace whose user namespace this one joins; null for the first. */
  readonly first: Namespace | null;
  readonly logFile: string;
}

/** Makes a network namespace and a small shell to keep it. */
export async function makeNamespace(spec: NamespaceSpec): Promise<Namespace> {
  const { label, privilege, mark, first, logFile } = spec;
  const command = [...unshareCommand(privilege, first), 'sh', '-c', script, label];
  const keeper = await startLocalProcess(label, command, {
    stdio: 'pipe',
    cwd: '/',
    env: mark,
    logFile,
  });
  const lines = createInterface({ input: keeper.stdout ?? process.stdin });
  const ended = once(lines, 'close').then(() => 'it ended');
  const late = sleep(startMs, `nothing within ${startMs} ms`, { ref: false });
  const answer = await Promise.race([once(lines, 'line').then(String), ended, late]);
  if (answer !== 'ready') {
    await keeper.end(0);
    throw new FabricError(
      'NAMESPACES_REFUSED',
      `cannot make the network namespace ${label}: expected "ready", got ${answer}`,
      `See ${logFile}, and \`busbench check\` for what this machine allows.`,
    );
  }
  return { process: keeper, mark, enter: enterCommand(keeper.pid, privilege) };
}

function unshareCommand(privilege: Privilege, first: Namespace | null): readonly string[] {
  if (privilege === 'root') return ['unshare', '--net'];
  if (first === null) return ['unshare', '--user', '--map-root-user', '--net'];
  return [...first.enter, 'unshare', '--net'];
}

function enterCommand(pid: number, privilege: Privilege): readonly string[] {
  const net = `--net=/proc/${pid}/ns/net`;
  if (privilege === 'root') return ['nsenter', net, '--'];
  return ['nsenter', `--user=/proc/${pid}/ns/user`, '--preserve-credentials', net, '--'];
}
