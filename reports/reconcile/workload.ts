import { hasManyReceivers } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import type { RunResult } from '../result.ts';
import type { Account } from './accounts.ts';
import { partsOf, sum } from './parts.ts';

/** What was asked of the bus and how fast it was done. */
export function workloadOf(
  evidence: Evidence,
  accounts: readonly Account[],
): RunResult['workload'] {
  const { scenario, measuredMs } = evidence;
  const { pattern, topics, body, pace } = scenario.workload;
  return {
    pattern,
    clients: evidence.clients.length,
    servers: evidence.servers.length,
    topics,
    bodyBytes: meanBytes(body),
    offeredPerSecond: pace.kind === 'open' ? offeredPerSecond(pace, measuredMs) : null,
    achievedPerSecond: achievedPerSecond(evidence, accounts),
    measuredMs,
    measuredFromMs: evidence.measuredFromMs,
    startSkewUs: startSkewUs(evidence),
  };
}

export function meanBytes(body: Evidence['scenario']['workload']['body']): number {
  switch (body.kind) {
    case 'fixed':
      return body.bytes;
    case 'uniform':
      return (body.minBytes + body.maxBytes) / 2;
    case 'weighted':
      return (
        sum(body.rows, ([bytes, weight]) => bytes * weight) / sum(body.rows, ([, weight]) => weight)
      );
  }
}

/** When second 0 of the intervals began. */
export function measuringSince({
  startedAt,
  workload,
}: Pick<RunResult, 'startedAt' | 'workload'>): Date {
  return new Date(Date.parse(startedAt) + workload.measuredFromMs);
}

type OpenPace = Extract<Evidence['scenario']['workload']['pace'], { kind: 'open' }>;

/** Mean of the offered rate over a window: straight lines from rate to rate, then the last one. */
export function offeredPerSecond({ ratePerSecond, ramp }: OpenPace, measuredMs: number): number {
  let [rate, atMs, area] = [ratePerSecond, 0, 0];
  for (const { toPerSecond, overMs } of ramp) {
    const stepMs = Math.min(overMs, measuredMs - atMs);
    if (atMs >= measuredMs) break;
    const reached = overMs === 0 ? toPerSecond : rate + ((toPerSecond - rate) * stepMs) / overMs;
    area += ((rate + reached) / 2) * stepMs;
    rate = reached;
    atMs += stepMs;
  }
  area += rate * (measuredMs - atMs);
  return measuredMs > 0 ? area / measuredMs : ratePerSecond;
}

/** Operations of the window that were done inside it, by its length. */
function achievedPerSecond(evidence: Evidence, accounts: readonly Account[]): number {
  const { measuredMs } = evidence;
  if (measuredMs === 0) return 0;
  const windowUs = measuredMs * 1e3;
  const done = hasManyReceivers(evidence.scenario.workload)
    ? sum(accounts, ({ arrived }) =>
        sum(arrived, (a) => (a.completed && a.dueUs + a.lastUs <= windowUs ? 1 : 0)),
      )
    : sum(partsOf(evidence, 'collected'), (part) => part.doneInWindow ?? 0);
  return done / (measuredMs / 1e3);
}

/** Spread of the moments at which the pacing loops really started, over the processes with clients. */
function startSkewUs(evidence: Evidence): number {
  const pacing = new Set(
    evidence.processes.filter(({ role }) => role !== 'server').map(({ name }) => name),
  );
  const late = partsOf(evidence, 'collected')
    .filter(({ process }) => pacing.has(process))
    .map(({ startLatenessUs }) => startLatenessUs);
  return late.length === 0 ? 0 : Math.max(...late) - Math.min(...late);
}
