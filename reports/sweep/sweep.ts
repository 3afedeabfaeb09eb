import type { Json } from '../../topologies/json.ts';

/** Values of scenario paths, as `--set` takes them. */
export type Settings = Readonly<Record<string, Json>>;

/** How a point ended. `skipped`: `stopWhen` made it needless; `timeout`: it took longer than `pointTimeout`. */
export type PointStatus =
  | 'ok'
  | 'expectation-missed'
  | 'invalid'
  | 'failed'
  | 'interrupted'
  | 'timeout'
  | 'skipped';

/** One line of `index.jsonl`; a later line of the same id replaces an earlier one. */
export interface PointEntry {
  readonly id: string;
  readonly settings: Settings;
  readonly repetition: number;
  readonly status: PointStatus;
  /** Why it is not ok; null when it is. */
  readonly reason: string | null;
  /** Below the sweep's directory; null when there is nothing to look at. */
  readonly directory: string | null;
  /** Logs of the deployment it was measured on, below the sweep's directory; null when there was none. */
  readonly logs: string | null;
  readonly startedAt: string;
  readonly durationMs: number;
}

/**
 * What a sweep's plan is called in its directory. This name, the plan's `schema` and two error codes keep the older word
 * for a sweep, so that what was written before can still be read.
 */
export const planFile = 'campaign.json';

/** The plan file: what a sweep is to measure, and what its searches have found so far. */
export interface SweepPlan {
  readonly schema: 'busbench/campaign/1';
  readonly name: string;
  readonly scenario: string;
  /** In the order of the file; the axis of a search has no values of its own. */
  readonly axes: readonly SweepAxis[];
  readonly points: readonly Pick<PointEntry, 'id' | 'settings' | 'repetition'>[];
  readonly searches: readonly SearchFinding[];
}

/** One way in which points differ: a scenario path, or several that change together. */
export interface SweepAxis {
  readonly paths: readonly string[];
  /** One list a step, with a value a path. */
  readonly steps: readonly (readonly Json[])[];
}

/** The bracket of a search: values are numbers in `unit` along `along`. */
export interface SearchFinding {
  readonly settings: Settings;
  readonly along: string;
  readonly unit: string;
  /** The highest value for which everything held; null when not even the lowest did. */
  readonly holds: number | null;
  /** The lowest value for which something did not hold; null when even the highest did. */
  readonly fails: number | null;
  readonly trials: readonly {
    readonly value: number;
    readonly attempt: number;
    readonly held: boolean;
  }[];
}

/** A point as its reports see it. */
export interface SweepPoint extends Pick<PointEntry, 'id' | 'settings' | 'repetition'> {
  readonly status: PointStatus | 'unmeasured';
  readonly reason: string | null;
  readonly directory: string | null;
  readonly durationMs: number;
  /** Every number of its result by path; null when it has no result. */
  readonly numbers: Readonly<Record<string, number | null>> | null;
  /** What sweeps are drawn and tabulated by, by the id of the measure; absent without a result. */
  readonly measures: Readonly<Record<string, number | null>>;
  /** Ids of measures that are null because they lie among failures: beyond the timeout. */
  readonly beyond: readonly string[];
}

/** A whole sweep in memory: what its page, tables and charts are made of. */
export interface Sweep extends Omit<SweepPlan, 'points'> {
  readonly points: readonly SweepPoint[];
}

/** May its numbers be believed? Only such points make lines and medians. */
export function isTrusted({ status }: Pick<SweepPoint, 'status'>): boolean {
  return status === 'ok' || status === 'expectation-missed';
}
