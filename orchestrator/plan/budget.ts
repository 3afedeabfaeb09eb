import { offeredPerSecond } from '../../reports/reconcile/workload.ts';
import { patterns } from '../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';

/** What a run will send, and what remembering it exactly will cost. */
export interface Budget {
  /** Operations of the measuring window; null when a closed loop decides. */
  readonly operations: number | null;
  /** Messages of the measuring window: requests, copies and replies; null likewise. */
  readonly messages: number | null;
  /** Mean rate offered over the window; null for closed loops. */
  readonly offeredPerSecond: number | null;
  /** Bits of ledger for each operation, over all processes. */
  readonly ledgerBitsPerOperation: number;
  /** Null when the number of operations is not known beforehand. */
  readonly ledgerBytes: number | null;
}

/** Above this a ledger is refused. */
export const maxLedgerBytes: number = 256 * 1024 * 1024;

/** Sent and replied at the client; delivered and in time at every process where a copy may arrive. */
export function budgetOf(scenario: ResolvedScenario): Budget {
  const { workload, servers, clients, phases, sites } = scenario;
  const { pattern, pools, topics, pace } = workload;
  const perTopic = servers.count / topics;
  const traits = patterns[pattern];
  const copies = { one: 1, server: perTopic, pool: pools }[traits.copies];
  const places = Math.min(sites.length, perTopic);
  const arrivals = traits.copies === 'server' ? perTopic : copies * places;
  const ledgerBitsPerOperation = Math.ceil(2 + 2 * arrivals);
  const { measure } = phases;
  const offered =
    measure.kind === 'duration' && pace.kind === 'open' && pace.loadPercent === undefined
      ? (offeredPerSecond(pace, measure.ms) * measure.ms) / 1000
      : null;
  const operations = measure.kind === 'calls' ? measure.perClient * clients.count : offered;
  const perOperation = traits.replies ? 2 * copies : copies;
  return {
    operations: operations === null ? null : Math.round(operations),
    messages: operations === null ? null : Math.round(operations * perOperation),
    offeredPerSecond: meanRate(scenario, offered),
    ledgerBitsPerOperation,
    ledgerBytes: operations === null ? null : Math.ceil((operations * ledgerBitsPerOperation) / 8),
  };
}

function meanRate({ workload, phases }: ResolvedScenario, offered: number | null): number | null {
  if (workload.pace.kind !== 'open' || workload.pace.loadPercent !== undefined) return null;
  if (phases.measure.kind !== 'duration' || offered === null) return workload.pace.ratePerSecond;
  return (offered * 1000) / phases.measure.ms;
}
