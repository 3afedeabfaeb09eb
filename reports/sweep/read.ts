import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Json } from '../../topologies/json.ts';
import { ResultInputError } from '../errors.ts';
import { flattenResult } from '../flatten.ts';
import { readResult } from '../read.ts';
import type { RunResult } from '../result.ts';
import { measures } from './measures.ts';
import { type PointEntry, planFile, type Sweep, type SweepPlan, type SweepPoint } from './sweep.ts';

const json: z.ZodType<Json> = z.json();
const settings = z.record(z.string(), json);
const identity = { id: z.string(), settings, repetition: z.number() };

const planShape: z.ZodType<SweepPlan> = z.object({
  schema: z.literal('busbench/campaign/1'),
  name: z.string(),
  scenario: z.string(),
  axes: z.array(z.object({ paths: z.array(z.string()), steps: z.array(z.array(json)) })),
  points: z.array(z.object(identity)),
  searches: z.array(
    z.object({
      settings,
      along: z.string(),
      unit: z.string(),
      holds: z.number().nullable(),
      fails: z.number().nullable(),
      trials: z.array(z.object({ value: z.number(), attempt: z.number(), held: z.boolean() })),
    }),
  ),
});

const entryShape: z.ZodType<PointEntry> = z.object({
  ...identity,
  status: z.enum([
    'ok',
    'expectation-missed',
    'invalid',
    'failed',
    'interrupted',
    'timeout',
    'skipped',
  ]),
  reason: z.string().nullable(),
  directory: z.string().nullable(),
  logs: z.string().nullable(),
  startedAt: z.string(),
  durationMs: z.number(),
});

/** One line of `index.jsonl`; null when it is not one that a sweep wrote. */
export function parseEntry(line: string): PointEntry | null {
  try {
    return entryShape.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

/** Reads a sweep from its directory. Throws ResultInputError when there is none, or when it is torn. */
export async function readSweep(directory: string): Promise<Sweep> {
  const plan = await readPlan(join(directory, planFile));
  const index = await readFile(join(directory, 'index.jsonl'), 'utf8').catch(() => '');
  const entries = new Map<string, PointEntry>();
  for (const line of index.split('\n')) {
    const entry = parseEntry(line);
    if (entry) entries.set(entry.id, entry);
  }
  const points: SweepPoint[] = [];
  const wrong: ResultInputError[] = [];
  for (const point of plan.points) {
    try {
      points.push(await readPoint(directory, point, entries.get(point.id) ?? null));
    } catch (error) {
      if (!isContradiction(error)) throw error;
      wrong.push(error);
    }
  }
  const [first] = wrong;
  if (first === undefined) return { ...plan, points };
  const found = wrong.map(({ message }) => message).join('\n');
  const hint = 'Remove the directories of these points, and the sweep measures them again.';
  throw new ResultInputError(first.code, found, hint, { cause: first });
}

async function readPlan(path: string): Promise<SweepPlan> {
  try {
    return planShape.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new ResultInputError(
      'CAMPAIGN_UNREADABLE',
      `Cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Give the directory of a sweep; running the sweep again with that -o writes it anew.',
      { cause },
    );
  }
}

async function readPoint(
  directory: string,
  point: SweepPlan['points'][number],
  entry: PointEntry | null,
): Promise<SweepPoint> {
  const none: SweepPoint = {
    ...point,
    status: entry?.status ?? 'unmeasured',
    reason: entry?.reason ?? null,
    directory: entry?.directory ?? null,
    durationMs: entry?.durationMs ?? 0,
    numbers: null,
    measures: {},
    beyond: [],
  };
  if (none.directory === null) return none;
  const path = join(directory, none.directory, 'result.json');
  try {
    // Points that failed before measuring have a directory of logs and no result.
    const result = await readResult(path);
    if (result === null) return none;
    refuseOtherStatus(none.status, result, path);
    return {
      ...none,
      numbers: flattenResult(result),
      measures: Object.fromEntries(measures.map(({ id, of }) => [id, of(result)])),
      beyond: measures.filter(({ beyond }) => beyond(result)).map(({ id }) => id),
    };
  } catch (error) {
    if (isContradiction(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return {
      ...none,
      reason: [none.reason, `${path} cannot be read: ${why}`]
        .filter((part) => part !== null)
        .join('; '),
    };
  }
}

/** A point that was measured has the status of its verdict; one that went wrong afterwards has a status of its own. */
function refuseOtherStatus(
  status: SweepPoint['status'],
  { verdict }: RunResult,
  path: string,
): void {
  const own = ['ok', 'expectation-missed', 'invalid'];
  if (!own.includes(status) || status === verdict.status) return;
  throw new ResultInputError(
    'RESULT_INCONSISTENT',
    `${path} contradicts index.jsonl\nverdict.status: expected ${status} (its line there), got ${verdict.status}`,
    'Remove the directory of the point, and the sweep measures it again.',
  );
}

function isContradiction(error: unknown): error is ResultInputError {
  return error instanceof ResultInputError && error.code === 'RESULT_INCONSISTENT';
}
