import type { FaultSpec } from '../../topologies/faults.ts';
import type { AgentGroup } from '../agents/agent-group.ts';
import type { Bus } from '../buses/bus.ts';
import { UsageError } from '../errors.ts';
import type { Fabric } from '../fabrics/fabric.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlannedOutages } from './outages.ts';

/** What faults act upon. */
export interface FaultScene {
  readonly plan: Plan;
  readonly agents: AgentGroup;
  readonly bus: Bus;
  readonly fabric: Fabric;
  readonly outages: PlannedOutages;
  /** Start of measuring, µs of our clock. */
  readonly measureUs: number;
}

/** One thing to break, and how it is made whole again. */
export interface Injection {
  readonly target: string;
  readonly begin: () => Promise<void>;
  /**
   * Mends it after the time that the fault lasts; resolves with false when it could not see the end before `over`
   * (something that mends itself). Null where nothing is mended.
   */
  readonly end: ((over: AbortSignal) => Promise<boolean>) | null;
}

/** An end that always comes. */
export function mended(mend: () => Promise<void>): NonNullable<Injection['end']> {
  return async () => {
    await mend();
    return true;
  };
}

export function cannot(fault: FaultSpec, target: string): UsageError {
  return new UsageError(
    'FAULT_IMPOSSIBLE',
    `fault ${fault.action} cannot be done to ${target}`,
    '`busbench schema scenario` lists the actions and what each can be done to.',
  );
}
