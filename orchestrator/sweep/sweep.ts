import { ResultInputError } from '../../reports/errors.ts';
import { readRecord } from '../../reports/read.ts';
import type { PointEntry, PointStatus, Settings } from '../../reports/sweep/sweep.ts';
import type { Condition } from './condition.ts';
import type { Journal } from './journal.ts';
import { along, type LoadedSweep } from './load.ts';
import { ordered, rankAlong } from './order.ts';
import { PointRunner, type SweepOptions } from './point-runner.ts';
import { makePoint, type Point } from './points.ts';
import { type Bracket, bisect, expectedTrials } from './search.ts';
import type { SearchSpec, SweepSpec } from './spec.ts';

/** What a sweep came to. */
export interface SweepOutcome {
  /** One of every point there is by now, in the order of the file. */
  readonly entries: readonly PointEntry[];
  /** Points that were not measured, because the sweep was stopped or its time was up. */
  readonly unmeasured: readonly Point[];
  readonly searches: readonly FoundCapacity[];
  /** The whole search was gone through; always true where there is none. */
  readonly searched: boolean;
}

/** The end of one search: what lies around it, and where. */
export interface FoundCapacity extends Bracket {
  /** Of the points searched through, without the axis. */
  readonly settings: Settings;
}

/**
 * Measures every point that the journal does not list as finished, so that a killed sweep resumes where it
 * stopped. Rejects only when nothing more can be measured (the disk is full, something cannot be removed).
 */
export async function sweep(loaded: LoadedSweep, options: SweepOptions): Promise<SweepOutcome> {
  const { spec } = loaded;
  await using runner = new PointRunner(spec, options);
  const untilMs = performance.now() + (spec.maxTimeMs ?? Number.POSITIVE_INFINITY);
  const over = (): boolean => options.stop.aborted || performance.now() >= untilMs;
  if (spec.search !== null) return await searchAll(loaded, spec.search, runner, options, over);

  const queue = ordered(loaded.points, spec);
  const stopped = new StoppedSeries(spec);
  for (const [i, point] of queue.entries()) {
    if (over()) break;
    const why = stopped.reason(point);
    if (why !== null) {
      await skip(point, why, options.journal);
      continue;
    }
    const known = options.journal.entry(point.id);
    if (isFinished(known, options.retry)) {
      await stopped.judge(point, known, options.journal);
      continue;
    }
    runner.countdown.at(i, queue.length, unfinished(queue.slice(i), options));
    const entry = await runner.measure(point);
    await stopped.judge(point, entry, options.journal);
  }
  return {
    entries: entriesOf(loaded.points, options.journal),
    unmeasured: loaded.points.filter(({ id }) => {
      const entry = options.journal.entry(id);
      return entry === null || entry.status === 'interrupted';
    }),
    searches: [],
    searched: true,
  };
}

/** A finished point is not measured again, unless its status is to be retried. */
export function isFinished(
  entry: PointEntry | null,
  retry: readonly PointStatus[],
): entry is PointEntry {
  const status = entry?.status ?? 'interrupted';
  return status !== 'interrupted' && status !== 'skipped' && !retry.includes(status);
}

function unfinished(points: readonly Point[], { journal, retry }: SweepOptions): readonly Point[] {
  return points.filter(({ id }) => !isFinished(journal.entry(id), retry));
}

function entriesOf(points: readonly Point[], journal: Journal): readonly PointEntry[] {
  return points.flatMap(({ id }) => journal.entry(id) ?? []);
}

/** Which series have grown enough, by `stopWhen`. */
class StoppedSeries {
  readonly #spec: SweepSpec;
  readonly #stops = new Map<string, { readonly rank: number; readonly reason: string }>();

  constructor(spec: SweepSpec) {
    this.#spec = spec;
  }

  /** Why this point is needless; null when it is not. Repetitions of the last value are not. */
  reason(point: Point): string | null {
    const stop = this.#stops.get(this.#seriesOf(point));
    return stop && rankAlong(point, this.#spec) > stop.rank ? stop.reason : null;
  }

  /** Growth ends where the condition is true, and where a point could not be measured well enough to tell. */
  async judge(point: Point, entry: PointEntry, journal: Journal): Promise<void> {
    const { stopWhen } = this.#spec;
    if (stopWhen === null || entry.status === 'skipped') return;
    const measured = entry.status === 'ok' || entry.status === 'expectation-missed';
    if (measured && !(await isTrueOf([stopWhen.condition], entry, journal))) return;
    const rank = rankAlong(point, this.#spec);
    const series = this.#seriesOf(point);
    if ((this.#stops.get(series)?.rank ?? Number.POSITIVE_INFINITY) <= rank) return;
    const place = `${stopWhen.along}=${JSON.stringify(point.settings[stopWhen.along])}`;
    const why = measured ? `${stopWhen.condition.expression} was true` : `it was ${entry.status}`;
    this.#stops.set(series, { rank, reason: `${why} at ${place}` });
  }

  /** Points that differ only along the axis, repetitions included. */
  #seriesOf({ settings }: Point): string {
    const others = Object.entries(settings).filter(([path]) => path !== this.#spec.stopWhen?.along);
    return JSON.stringify(others);
  }
}

async function skip(point: Point, reason: string, journal: Journal): Promise<void> {
  const { id, settings, repetition } = point;
  const known = journal.entry(id);
  // What was measured once is kept, whatever later made it needless.
  if (known !== null && (known.status !== 'skipped' || known.reason === reason)) return;
  await journal.finish({
    id,
    settings,
    repetition,
    status: 'skipped',
    reason,
    directory: null,
    logs: null,
    startedAt: new Date().toISOString(),
    durationMs: 0,
  });
}

/** False where there is no result to ask. */
async function isTrueOf(
  conditions: readonly Condition[],
  { directory }: PointEntry,
  journal: Journal,
): Promise<boolean> {
  if (directory === null) return false;
  const record = await readRecord(`${journal.directory}/${directory}`).catch(unlessThere);
  return record !== null && conditions.every((condition) => condition.isTrueOf(record.result));
}

/** No result is nothing to ask; one that contradicts itself, or cannot be read, is no answer. */
function unlessThere(error: unknown): null {
  if (error instanceof ResultInputError && error.code === 'RESULT_NOT_FOUND') return null;
  throw error;
}

class SearchOver extends Error {}

/** Every search from its lowest point on. Measurements of an earlier session are not made again. */
async function searchAll(
  { base, points, spec }: LoadedSweep,
  search: SearchSpec,
  runner: PointRunner,
  { journal, retry }: SweepOptions,
  over: () => boolean,
): Promise<SweepOutcome> {
  const searches: FoundCapacity[] = [];
  const entries = new Map<string, PointEntry>();
  const range = { ...search, whole: search.unit === '' };
  const trials = expectedTrials(range);
  const queue = ordered(points, spec);
  for (const [i, lowest] of queue.entries()) {
    let made = 0;
    const { [search.along]: _, ...settings } = lowest.settings;
    const measure = async (value: number, attempt: number): Promise<boolean> => {
      const point = await makePoint(base, { ...settings, ...along(search, value) }, attempt);
      const known = journal.entry(point.id);
      if (!isFinished(known, retry) && over()) throw new SearchOver();
      const left = Math.max(1, trials - made) + trials * (queue.length - i - 1);
      runner.countdown.at(i, queue.length, Array<Point>(left).fill(lowest));
      made += 1;
      const entry = isFinished(known, retry) ? known : await runner.measure(point);
      if (entry.status === 'interrupted') throw new SearchOver();
      entries.set(point.id, entry);
      return isHeld(entry) && isTrueOf(search.holds, entry, journal);
    };
    try {
      searches.push({ settings, ...(await bisect(range, measure)) });
    } catch (error) {
      if (!(error instanceof SearchOver)) throw error;
      break;
    }
  }
  const searched = searches.length === queue.length;
  return { entries: [...entries.values()], unmeasured: [], searches, searched };
}

/** A point that failed or is not to be trusted holds nothing. */
function isHeld({ status }: PointEntry): boolean {
  return status === 'ok' || status === 'expectation-missed';
}
