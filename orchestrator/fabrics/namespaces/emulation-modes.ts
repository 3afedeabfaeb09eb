import { wholeLoopback } from '../loopback/address-block.ts';
import { findAbilities, type Obstacle, ownPrivilege } from './abilities.ts';

/** One way to a WAN on this machine, best first; `hint` is the command that would make it possible. */
export interface EmulationMode {
  readonly name: string;
  readonly ok: boolean;
  /** What it gives, or what is missing. */
  readonly reason: string;
  readonly hint: string | null;
}

const needsRoot: Obstacle = { missing: 'root', hint: 'sudo npm start -- run ...' };

/** The four ways, each tried for real. */
export async function emulationModes(): Promise<readonly EmulationMode[]> {
  const isRoot = ownPrivilege() === 'root';
  const [root, rootless, loopback] = await Promise.all([
    isRoot ? findAbilities('root') : null,
    findAbilities('rootless'),
    wholeLoopback(),
  ]);
  return [
    mode('root + netem', root === null ? needsRoot : root.netem, 'packets, shaped by the kernel'),
    mode(
      'root + nfqueue',
      root === null ? needsRoot : root.nfqueue,
      'packets, shaped by our engine with real-time priority',
    ),
    mode(
      'rootless',
      rootless.netem === null ? null : rootless.nfqueue,
      `packets, shaped by ${rootless.netem === null ? 'the kernel' : 'our engine at normal priority: delays suffer when the machine is busy'}`,
    ),
    mode(
      'loopback only',
      loopback ? null : { missing: 'addresses other than 127.0.0.1', hint: 'run on Linux' },
      'TCP streams through a relay: no loss, no slow start',
    ),
  ];
}

function mode(name: string, obstacle: Obstacle | null, gives: string): EmulationMode {
  return obstacle === null
    ? { name, ok: true, reason: gives, hint: null }
    : { name, ok: false, reason: obstacle.missing, hint: obstacle.hint };
}
