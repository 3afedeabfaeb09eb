import { wholeLoopback } from '../loopback/block.ts';
import { type Obstacle, ownPrivilege, probe } from './probe.ts';

/** One way to a WAN on this machine, best first; `mend` is the command that would make it possible. */
export interface WanTier {
  readonly name: string;
  readonly ok: boolean;
  /** What it gives, or what is missing. */
  readonly reason: string;
  readonly mend: string | null;
}

const needsRoot: Obstacle = { missing: 'root', mend: 'sudo npm start -- run ...' };

/** The four ways, each tried for real. */
export async function wanTiers(): Promise<readonly WanTier[]> {
  const isRoot = ownPrivilege() === 'root';
  const [root, rootless, loopback] = await Promise.all([
    isRoot ? probe('root') : null,
    probe('rootless'),
    wholeLoopback(),
  ]);
  return [
    tier('root + netem', root === null ? needsRoot : root.netem, 'packets, shaped by the kernel'),
    tier(
      'root + nfqueue',
      root === null ? needsRoot : root.nfqueue,
      'packets, shaped by our engine with real-time priority',
    ),
    tier(
      'rootless',
      rootless.netem === null ? null : rootless.nfqueue,
      `packets, shaped by ${rootless.netem === null ? 'the kernel' : 'our engine at normal priority: delays suffer when the machine is busy'}`,
    ),
    tier(
      'loopback only',
      loopback ? null : { missing: 'addresses other than 127.0.0.1', mend: 'run on Linux' },
      'TCP streams through a relay: no loss, no slow start',
    ),
  ];
}

function tier(name: string, obstacle: Obstacle | null, gives: string): WanTier {
  return obstacle === null
    ? { name, ok: true, reason: gives, mend: null }
    : { name, ok: false, reason: obstacle.missing, mend: obstacle.mend };
}
