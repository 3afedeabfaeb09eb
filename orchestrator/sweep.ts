import { readRecord } from '../reports/read.ts';
import { type Expectation, evaluate } from '../reports/thresholds.ts';
import type { DeployOptions } from './deployment.ts';
import type { RunProgress } from './observer.ts';
import { Campaign } from './sweep/campaign.ts';
import type { Journal, PointEntry, PointStatus } from './sweep/journal.ts';
import { ordered, type Point } from './sweep/points.ts';
import type { Settings, SweepSpec } from './sweep/spec.ts';

export interface SweepOptions {
  readonly journal: Journal;
  /** Of the deployments that stand between points. */
  readonly context: DeployOptions['context'];
  readonly commandLine: readonly string[];
  /** Statuses of finished points to measure again. */
  readonly retry: readonly PointStatus[];
  /** Parsed `stopWhen.condition`; null when there is none. */
  readonly stopCondition: Expectation | null;
  readonly stop: AbortSignal;
  readonly onProgress: (progress: SweepProgress) => void;
}

export interface SweepProgress {
  readonly done: number;
  readonly total: number;
  /** Estimate from the points measured so far, ms; null before the first. */
  readonly leftMs: number | null;
  readonly settings: Settings;
  readonly run: RunProgress;
}

/**
 * Measures every point that the journal does not list as finished, so that a killed campaign resumes where it
 * stopped. Returns the entries of all points there are by then, in the order of the file.
 */
export async function sweep(
  spec: SweepSpec,
  points: readonly Point[],
  options: SweepOptions,
): Promise<readonly PointEntry[]> {
  const { journal, stop, retry, stopCondition } = options;
  await using campaign = new Campaign(spec, options);
  const untilMs = Date.now() + (spec.maxTimeMs ?? Number.POSITIVE_INFINITY);
  const queue = ordered(points, spec);
  const stopped = new Map<string, string>();
  for (const [i, point] of queue.entries()) {
    if (stop.aborted || Date.now() >= untilMs) break;
    campaign.total = queue.length;
    campaign.done = i;
    const series = seriesOf(point, spec);
    const why = stopped.get(series);
    if (why !== undefined) {
      if (!journal.entry(point.id)) await journal.finish(skipped(point, why));
      continue;
    }
    const known = journal.entry(point.id);
    const entry = isFinished(known, retry) ? known : await campaign.measure(point);
    if (stopCondition && (await isTrueOf(entry, stopCondition, journal))) {
      stopped.set(series, `${spec.stopWhen?.condition} was true ${placeOf(point, spec)}`);
    }
  }
  return points.flatMap(({ id }) => journal.entry(id) ?? []);
}

/** A finished point is not measured again, unless its status is to be retried; an interrupted one always is. */
export function isFinished(
  entry: PointEntry | null,
  retry: readonly PointStatus[],
): entry is PointEntry {
  return entry !== null && entry.status !== 'interrupted' && !retry.includes(entry.status);
}

/** Points that differ only along the axis of `stopWhen`, repetitions included. */
function seriesOf({ settings }: Point, spec: SweepSpec): string {
  const others = Object.entries(settings).filter(([path]) => path !== spec.stopWhen?.along);
  return JSON.stringify(others);
}

function placeOf({ settings }: Point, spec: SweepSpec): string {
  const along = spec.stopWhen?.along ?? '';
  return `at ${along}=${JSON.stringify(settings[along])}`;
}

async function isTrueOf(
  entry: PointEntry,
  condition: Expectation,
  journal: Journal,
): Promise<boolean> {
  if (entry.directory === null) return false;
  const record = await readRecord(`${journal.directory}/${entry.directory}`).catch(() => null);
  return record !== null && evaluate(condition, record.result).met;
}

function skipped({ id, settings, repetition }: Point, reason: string): PointEntry {
  const startedAt = new Date().toISOString();
  return {
    id,
    settings,
    repetition,
    status: 'skipped',
    reason,
    directory: null,
    startedAt,
    durationMs: 0,
  };
}
