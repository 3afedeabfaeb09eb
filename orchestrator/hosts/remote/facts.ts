import { cpus, hostname, machine, networkInterfaces, release, type } from 'node:os';
import { projectRoot } from '../../processes/program.ts';
import type { HostFacts } from './protocol.ts';

/** What this machine is, for whoever drives it from afar. */
export function ownFacts(directory: string, cleared: readonly string[]): HostFacts {
  const interfaces = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const addresses = interfaces.filter(({ family }) => family === 'IPv4');
  // sshd(8): client's address and port, then ours.
  const [, , reachedAt] = (process.env['SSH_CONNECTION'] ?? '').split(' ');
  return {
    directory,
    nodePath: process.execPath,
    root: projectRoot,
    node: process.version,
    kernel: `${type()} ${release()}`,
    arch: machine(),
    cores: cpus().length,
    hostname: hostname(),
    cleared,
    reachedAt: reachedAt ?? null,
    addresses: addresses.map(({ address }) => address),
  };
}
