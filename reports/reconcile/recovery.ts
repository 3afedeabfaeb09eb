import { type Bits, hasBit } from '../../agents/bitmap.ts';
import type { Evidence } from '../evidence.ts';
import type { FaultGroupReport, FaultReport } from '../result.ts';
import type { Account } from './accounts.ts';
import { type EncodedSamples, mergeSamples, quantileUs } from './dist.ts';
import { groupFaults, type Impact, lossesBySecond, timesOfSamples } from './fault-groups.ts';
import type { Interval } from './intervals.ts';
import { addTo, groupBy, sum } from './parts.ts';
import { addAll, type ReasonMap, reasonsOf } from './reasons.ts';

const baselineSeconds = 5;
const goodSeconds = 3;
const goodShare = 0.99;
const goodFactor = 2;
const slotMs = 10;

/** Faults one by one, and by entry of the scenario. */
export interface FaultReports {
  readonly each: FaultReport[];
  readonly groups: FaultGroupReport[];
}

/**
 * What each fault did. Operations count by their due time, failures, losses and duplicates by its whole seconds.
 * firstFailureMs is from the fault's start to the first failed one, firstSuccessAfterMs from its end (heal, respawn) to
 * the first done one: known to 10 ms, but failures that only servers can tell (one-way messages) to the second.
 * What is never mended lasts until the window ends, and recovery from it counts from its start.
 */
export function faultsOf(
  evidence: Evidence,
  allIntervals: readonly Interval[],
  accounts: readonly Account[],
  failed: Readonly<Record<string, number>>,
): FaultReports {
  if (evidence.faults.length === 0) return { each: [], groups: [] };
  const losses = lossesBySecond(accounts);
  const intervals = knownFailures(allIntervals, losses.unknown);
  const seconds = joinSites(intervals);
  const clientClasses = new Set(intervals.flatMap(({ reasons }) => [...reasons.keys()]));
  const serverClasses = Object.keys(failed).filter(
    (outcome) => !clientClasses.has(outcome) && outcome !== 'unknown',
  );
  const firstMs = Math.min(...evidence.faults.map(({ startedAtMs }) => startedAtMs));
  const baselineUs = baselineP99Us(seconds, firstMs);
  const impactOf = (fromMs: number, untilMs: number): Impact => {
    const during = intervals.filter(
      ({ second }) => second * 1e3 < untilMs && (second + 1) * 1e3 > fromMs,
    );
    const touched = [...new Set(during.map(({ second }) => second))];
    const of = (bySecond: readonly number[]): number =>
      sum(touched, (second) => bySecond[second] ?? 0);
    return {
      failed: failedDuring(during, serverClasses),
      reasons: reasonsDuring(during),
      lost: of(losses.lost),
      duplicated: of(losses.duplicated),
      reconnect: timesOfSamples(during.flatMap(({ reconnect }) => reconnect)),
    };
  };
  const each = evidence.faults.map((fault, at): FaultReport => {
    const { entry, action, target, startedAtMs, endedAtMs, mended } = fault;
    const next = evidence.faults.filter((o, i) => i !== at && o.startedAtMs >= startedAtMs);
    const untilMs = Math.min(evidence.measuredMs, ...next.map((other) => other.startedAtMs));
    const mendedMs = mended ? endedAtMs : startedAtMs;
    const recoveryMs = recoveredMs(seconds, mendedMs, untilMs, baselineUs);
    // A failure after all was well, or another fault had begun, says nothing about this one.
    const othersMs = untilMs > startedAtMs ? untilMs : evidence.measuredMs;
    const affectedUntilMs = recoveryMs === null ? othersMs : mendedMs + recoveryMs + 1e3;
    const firstFailureMs = firstAfter(intervals, 'failed', startedAtMs, affectedUntilMs);
    // What begins and ends at once touches the second it falls into. A first failure after its end is this fault's too.
    const touchedMs = Math.max(endedAtMs, startedAtMs + (firstFailureMs ?? 0) + 1e-6);
    const impact = impactOf(startedAtMs, touchedMs);
    const felt = impact.lost > 0 || Object.values(impact.failed).some((count) => count > 0);
    // Good seconds before the first failure are not a recovery.
    const failingMs = startedAtMs + (firstFailureMs ?? 0);
    const againMs = recoveredMs(seconds, failingMs, Math.min(endedAtMs, untilMs), baselineUs);
    return {
      action,
      target,
      startedAtMs,
      endedAtMs,
      failedDuring: impact.failed,
      reasonsDuring: impact.reasons,
      firstFailureMs,
      firstSuccessAfterMs: mended ? firstAfter(intervals, 'done', endedAtMs) : null,
      recoveredMs: recoveryMs,
      felt,
      recoveredDuringMs: felt && againMs !== null ? failingMs + againMs - startedAtMs : null,
      entry,
      mended,
      lost: impact.lost,
      duplicated: impact.duplicated,
      reconnect: impact.reconnect,
    };
  });
  return { each, groups: groupFaults(evidence, each, impactOf) };
}

/**
 * Failures of the seconds that the fault touched, by class. What clients could not tell by second goes to the one
 * class of the run that none of them knows, or to `unclassified` where there are several.
 */
function failedDuring(
  during: readonly Interval[],
  serverClasses: readonly string[],
): Record<string, number> {
  const byClass = new Map<string, number>();
  for (const { reasons } of during) {
    for (const [outcome, ofClass] of reasons)
      addTo(byClass, outcome, sum(ofClass.values(), itself));
  }
  const rest = sum(during, (interval) => interval.failed) - sum(byClass.values(), itself);
  const [only = 'unclassified', ...others] = serverClasses;
  addTo(byClass, others.length === 0 ? only : 'unclassified', Math.max(0, rest));
  return Object.fromEntries([...byClass].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const itself = (count: number): number => count;

function reasonsDuring(during: readonly Interval[]): Impact['reasons'] {
  const all: ReasonMap = new Map();
  for (const { reasons } of during) addAll(all, reasons);
  return reasonsOf(all);
}

/** What is `unknown` since an agent died has no time of failing, and counts for no fault. */
function knownFailures(
  intervals: readonly Interval[],
  unknownBySecond: readonly number[],
): readonly Interval[] {
  const left = [...unknownBySecond];
  return intervals.map((interval) => {
    const { second, failed, reasons } = interval;
    const unexplained = failed - sum(reasons.values(), (ofClass) => sum(ofClass.values(), itself));
    const unknown = Math.max(0, Math.min(left[second] ?? 0, unexplained));
    if (unknown === 0) return interval;
    left[second] = (left[second] ?? 0) - unknown;
    return { ...interval, failed: failed - unknown };
  });
}

/** From a moment to the due time of the first operation from then until `untilMs` that was done, or failed; null for none. */
function firstAfter(
  intervals: readonly Interval[],
  what: 'done' | 'failed',
  momentMs: number,
  untilMs: number = Number.POSITIVE_INFINITY,
): number | null {
  const times = intervals.flatMap((interval) => {
    const { second } = interval;
    if (interval[what] === 0 || (second + 1) * 1e3 <= momentMs) return [];
    const slots = what === 'done' ? interval.doneSlots : interval.failedSlots;
    return slots === null ? [second * 1e3] : firstSlotMs(second, slots, momentMs);
  });
  const firstMs = Math.min(...times);
  return firstMs < untilMs ? Math.max(0, firstMs - momentMs) : null;
}

/** Start of the first marked slot that ends after the moment, if there is one. */
function firstSlotMs(second: number, slots: Bits, momentMs: number): number[] {
  for (let slot = 0; slot < 1e3 / slotMs; slot++) {
    const startMs = second * 1e3 + slot * slotMs;
    if (startMs + slotMs > momentMs && hasBit(slots, slot)) return [startMs];
  }
  return [];
}

/** One second of all sites together. */
interface Second {
  readonly second: number;
  readonly due: number;
  readonly done: number;
  readonly failed: number;
  readonly response: readonly EncodedSamples[];
}

function joinSites(intervals: readonly Interval[]): readonly Second[] {
  return [...groupBy(intervals, ({ second }) => second)].map(([second, cell]) => ({
    second,
    due: sum(cell, ({ due }) => due),
    done: sum(cell, ({ done }) => done),
    failed: sum(cell, ({ failed }) => failed),
    response: cell.map(({ response }) => response),
  }));
}

/** p99 of the whole seconds before the first fault together; null when these are fewer than 5 or failures reach it. */
function baselineP99Us(seconds: readonly Second[], firstFaultMs: number): number | null {
  const baseline = seconds.filter(({ second }) => (second + 1) * 1e3 <= firstFaultMs);
  if (baseline.length < baselineSeconds) return null;
  return p99Us({
    response: baseline.flatMap(({ response }) => response),
    failed: sum(baseline, ({ failed }) => failed),
  });
}

/** By rank alone: three good seconds in a row are the guard against too few samples in one of them. */
function p99Us({ response, failed }: Pick<Second, 'response' | 'failed'>): number | null {
  return quantileUs(mergeSamples(response), failed, 9900, 0);
}

/**
 * From the heal to the first of three consecutive good seconds, which must end before `untilMs` (the end of the
 * window, or the start of another fault). The second of the heal itself counts when it was good as a whole: 0.
 */
function recoveredMs(
  seconds: readonly Second[],
  healedMs: number,
  untilMs: number,
  baselineUs: number | null,
): number | null {
  if (baselineUs === null) return null;
  const isGood = (second: Second | undefined): boolean => {
    if (second === undefined || second.due === 0 || second.done < goodShare * second.due)
      return false;
    const valueUs = p99Us(second);
    return valueUs !== null && valueUs <= goodFactor * baselineUs;
  };
  const bySecond = new Map(seconds.map((second) => [second.second, second]));
  for (let s = Math.floor(healedMs / 1e3); (s + goodSeconds) * 1e3 <= untilMs; s++) {
    const isRow = Array.from({ length: goodSeconds }, (_, i) => isGood(bySecond.get(s + i)));
    if (isRow.every((good) => good)) return Math.max(0, s * 1e3 - healedMs);
  }
  return null;
}
