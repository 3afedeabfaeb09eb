import { ResultInputError } from '../errors.ts';
import { quantileState, quantiles } from '../format.ts';
import { median } from '../ranks.ts';
import type { Dist, RunResult } from '../result.ts';
import { parsePath, type ResultPath, valuesAt } from '../verdict/paths.ts';
import { bootstrap, differenceOf, type Interval, minRepetitions, ratioOf } from './bootstrap.ts';
import {
  type Difference,
  environmentDifferences,
  refuseUnfinished,
  refuseUnlike,
  scenarioDifferences,
  unlikeRepetitions,
} from './comparability.ts';

/** A bound of `--max-regression`: how much worse the candidate may be, as a share of the baseline. */
export interface RegressionLimit {
  readonly path: string;
  readonly share: number;
}

/** One number of both sides. Infinite values lie beyond the timeout. */
export interface Row {
  readonly path: string;
  readonly baseline: Side;
  readonly candidate: Side;
  readonly difference: number;
  readonly ratio: number;
  /** 95 %; null with fewer than three repetitions on either side. */
  readonly interval: Interval | null;
  readonly finding: 'better' | 'worse' | 'no difference seen' | 'too few repetitions';
  /** Null where no limit was set. */
  readonly limit: { readonly share: number; readonly exceeded: boolean } | null;
}

interface Side {
  readonly median: number;
  readonly values: readonly number[];
}

export interface Comparison {
  readonly baseline: readonly string[];
  readonly candidate: readonly string[];
  readonly rows: readonly Row[];
  /** What was changed in the scenario. */
  readonly changes: readonly Difference[];
  readonly warnings: readonly string[];
  /** A result of either side is not to be trusted. */
  readonly invalid: boolean;
}

/** Shown always, in this order, where both sides know them. */
const standard: readonly string[] = [
  'latency.response.p50',
  'latency.response.p99',
  'latency.response.p999',
  'latency.service.p50',
  'latency.service.p99',
  'workload.achievedPerSecond',
  'outcome.failedTotal',
  'outcome.lost',
  'locality.localRatio',
  'locality.fairness',
  'wan.interSiteRatio',
  'wan.interSiteBytes',
  'toolkit.agentCpuUsPerOperation',
];

/** Last names of paths of which more is better; of all others less is. */
const moreIsBetter: RegExp =
  /(^|\.)(achievedPerSecond|achieved|completed|delivered|sent|localRatio(Min|Max)?|local(Min|Max)?|fairness|coverage(Min|Mean)?)$/;

/**
 * Candidate against baseline over their repetitions. Throws ResultInputError: COMPARE_UNLIKE, COMPARE_UNUSABLE,
 * COMPARE_PATH for a limit on what is no number of results, COMPARE_TOO_FEW for a limit that nothing can be judged by.
 */
export function compare(
  baseline: readonly RunResult[],
  candidate: readonly RunResult[],
  limits: readonly RegressionLimit[],
): Comparison {
  refuseUnfinished([...baseline, ...candidate]);
  refuseUnlike(baseline, candidate);
  const asked = limits.map(({ path }) => path);
  const paths = [...new Set([...standard, ...asked])];
  const rows = paths.flatMap((path) => {
    const limit = limits.find((one) => one.path === path) ?? null;
    return rowOf(path, baseline, candidate, limit) ?? [];
  });
  for (const limit of limits) refuseUnjudged(limit, rows);
  const environment = environmentDifferences(baseline, candidate);
  const results = [...baseline, ...candidate];
  const invalid = results.filter(({ verdict }) => verdict.status === 'invalid');
  return {
    baseline: baseline.map(({ name, startedAt }) => `${name} of ${startedAt}`),
    candidate: candidate.map(({ name, startedAt }) => `${name} of ${startedAt}`),
    rows,
    changes: scenarioDifferences(baseline, candidate),
    warnings: [
      ...invalid.map(
        ({ name, startedAt }) => `${name} of ${startedAt} is invalid: not to be trusted`,
      ),
      ...repetitionWarning('baseline', baseline),
      ...repetitionWarning('candidate', candidate),
      ...environment.map(
        ({ path, baseline: was, candidate: is }) => `${path} differs: ${was} against ${is}`,
      ),
    ],
    invalid: invalid.length > 0,
  };
}

function rowOf(
  path: string,
  baseline: readonly RunResult[],
  candidate: readonly RunResult[],
  limit: RegressionLimit | null,
): Row | null {
  const parsed = parsePath(path);
  if (parsed.kind === 'mistake') throw noSuchPath(path, parsed.message);
  const before = sideOf(parsed.path, baseline);
  const after = sideOf(parsed.path, candidate);
  if (before.values.length === 0 || after.values.length === 0) return null;
  const interval = bootstrap(before.values, after.values);
  const sign = moreIsBetter.test(path) ? -1 : 1;
  return {
    path,
    baseline: before,
    candidate: after,
    difference: differenceOf(before.median, after.median),
    ratio: ratioOf(before.median, after.median),
    interval,
    finding: findingOf(interval, sign),
    limit:
      limit === null || interval === null
        ? null
        : { share: limit.share, exceeded: nearWorsening(interval, sign) > limit.share },
  };
}

function noSuchPath(path: string, message: string): ResultInputError {
  return new ResultInputError(
    'COMPARE_PATH',
    `cannot compare ${path}: ${message}`,
    'Name a number of a result, such as latency.response.p99.',
  );
}

/** What a CI job asked to be judged and cannot be is an error: a pass would be a lie. */
function refuseUnjudged({ path }: RegressionLimit, rows: readonly Row[]): void {
  const row = rows.find((one) => one.path === path);
  if (row?.interval) return;
  const counts = row ? `${row.baseline.values.length} and ${row.candidate.values.length}` : 'none';
  throw new ResultInputError(
    'COMPARE_TOO_FEW',
    `--max-regression ${path} cannot be judged: expected ${minRepetitions} known values or more a side, got ${counts}`,
    'Repeat the runs (a sweep with repeat: 3 does); a single run cannot tell a regression from noise.',
  );
}

/** Values that are not known are left out; those beyond the timeout are infinite. */
function sideOf(path: ResultPath, results: readonly RunResult[]): Side {
  const values = results.flatMap((result) => {
    const [value = null] = valuesAt(path, result);
    if (value !== null) return [value];
    return isBeyond(path, result) ? [Number.POSITIVE_INFINITY] : [];
  });
  return { median: median(values), values };
}

function isBeyond({ steps }: ResultPath, result: RunResult): boolean {
  const [group, name, key] = steps.map((step) => (step.kind === 'key' ? step.key : ''));
  if (group !== 'latencyUs' || steps.length !== 3) return false;
  const dists: Readonly<Record<string, unknown>> = { ...result.latencyUs };
  const dist = dists[name ?? ''];
  const quantile = quantiles.find((one) => one.key === key);
  return isDist(dist) && quantile !== undefined && quantileState(dist, quantile) === 'failed';
}

function isDist(value: unknown): value is Dist {
  return typeof value === 'object' && value !== null && 'hdr' in value;
}

/** `sign`: 1 where more is worse, -1 where less is. */
function findingOf(interval: Interval | null, sign: 1 | -1): Row['finding'] {
  if (interval === null) return 'too few repetitions';
  const [low, high] = interval.difference;
  if (low <= 0 && high >= 0) return 'no difference seen';
  return low * sign > 0 ? 'worse' : 'better';
}

/** The least worsening that the interval allows, as a share of the baseline; negative where it allows a gain. */
function nearWorsening({ ratio: [low, high] }: Interval, sign: 1 | -1): number {
  return sign === 1 ? low - 1 : 1 - high;
}

function repetitionWarning(side: string, results: readonly RunResult[]): readonly string[] {
  const paths = unlikeRepetitions(results);
  if (paths.length === 0) return [];
  const named = paths.slice(0, 4).join(', ');
  return [
    `the results of the ${side} are not repetitions of one scenario: they differ in ${named}`,
  ];
}
