import { type Bits, sizeWithin } from '../../agents/bitmap.ts';
import { itemAt } from '../../topologies/item-at.ts';
import type { Evidence } from '../evidence.ts';
import type { FaultGroupReport, FaultReport, Times } from '../result.ts';
import type { Account } from './accounts.ts';
import { type EncodedSamples, mergeSamples } from './dist.ts';
import { groupBy } from './parts.ts';

/** What some whole seconds of the window cost. */
export interface Impact {
  readonly failed: Record<string, number>;
  readonly reasons: Record<string, Record<string, number>>;
  readonly lost: number;
  readonly duplicated: number;
  readonly reconnect: Times | null;
}

/** Messages by the second they were due in: with a lost delivery, delivered more than once, of an unknown fate. */
export function lossesBySecond(accounts: readonly Account[]): {
  readonly lost: readonly number[];
  readonly duplicated: readonly number[];
  readonly unknown: readonly number[];
} {
  const lost: number[] = [];
  const duplicated: number[] = [];
  const unknown: number[] = [];
  const count = (into: number[], set: Bits, dueBySecond: readonly number[]): void => {
    if (set.length === 0) return;
    let first = 0;
    for (const [second, due] of dueBySecond.entries()) {
      into[second] = (into[second] ?? 0) + sizeWithin(set, first, first + due);
      first += due;
    }
  };
  for (const { lostSequences, unknownSequences, deliveries, dueBySecond } of accounts) {
    count(lost, lostSequences, dueBySecond);
    count(duplicated, deliveries.repeated, dueBySecond);
    count(unknown, unknownSequences, dueBySecond);
  }
  return { lost, duplicated, unknown };
}

/** One row for each entry of the scenario's faults; it pays for all until the next entry begins, or all is well again. */
export function groupFaults(
  evidence: Evidence,
  faults: readonly FaultReport[],
  impactOf: (fromMs: number, untilMs: number) => Impact,
): FaultGroupReport[] {
  const groups = [...groupBy(faults, ({ entry }) => entry)];
  const begins = groups.map(([, members]) => Math.min(...members.map((m) => m.startedAtMs)));
  return groups.map(([entry, members], i): FaultGroupReport => {
    const startedAtMs = itemAt(begins, i);
    const endedAtMs = Math.max(...members.map((m) => m.endedAtMs));
    const later = begins.filter((beginMs) => beginMs >= endedAtMs);
    const last = members.find((member) => member.endedAtMs === endedAtMs);
    const recoveryMs = last?.recoveredMs ?? Number.POSITIVE_INFINITY;
    // The second in which the next entry begins is its own.
    const untilMs = Math.min(
      evidence.measuredMs,
      (last?.mended ? endedAtMs : startedAtMs) + recoveryMs + 1e3,
      ...later.map((beginMs) => Math.floor(beginMs / 1e3) * 1e3),
    );
    const spec = evidence.scenario.faults[entry]?.target;
    const [first] = members;
    return {
      entry,
      action: first?.action ?? '',
      target: spec?.kind === 'each' ? `each ${spec.of}` : (first?.target ?? ''),
      count: members.length,
      startedAtMs,
      endedAtMs,
      ...impactOf(startedAtMs, Math.max(untilMs, startedAtMs + 1e-6)),
      mending: timesOf(members.flatMap((m) => (m.mended ? [m.endedAtMs - m.startedAtMs] : []))),
      recovery: timesOf(members.flatMap((m) => m.recoveredMs ?? [])),
    };
  });
}

export function timesOf(valuesMs: readonly number[]): Times | null {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const p50Ms = sorted[Math.ceil(sorted.length / 2) - 1];
  const maxMs = sorted.at(-1);
  return p50Ms === undefined || maxMs === undefined ? null : { count: sorted.length, p50Ms, maxMs };
}

/** Of histograms in µs. */
export function timesOfSamples(samples: readonly EncodedSamples[]): Times | null {
  const { histogram } = mergeSamples(samples);
  if (histogram.totalCount === 0) return null;
  return {
    count: histogram.totalCount,
    p50Ms: histogram.getValueAtPercentile(50) / 1e3,
    maxMs: histogram.maxValue / 1e3,
  };
}
