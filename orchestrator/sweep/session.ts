import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSweep } from '../../reports/sweep/read.ts';
import { planFile, type SearchFinding, type SweepPlan } from '../../reports/sweep/sweep.ts';
import { writeSweep } from '../../reports/sweep/write.ts';
import { writeWhole } from '../../reports/write.ts';
import { itemAt } from '../../topologies/item-at.ts';
import { UsageError } from '../errors.ts';
import { temporaryFolder } from '../processes/owner.ts';
import { Journal } from './journal.ts';
import { type LoadedSweep, refuseUnavailablePoints } from './load.ts';
import type { SweepOptions } from './point-runner.ts';
import { isFinished, type SweepOutcome, sweep } from './sweep.ts';

export interface SweepSessionOptions extends Omit<SweepOptions, 'journal'> {
  /** Of the sweep: new, empty, or that of the one to resume. */
  readonly directory: string;
}

/** What a session came to, and where its sweep is. */
export interface SweepSession {
  /** Absolute, without symbolic links. */
  readonly directory: string;
  readonly plan: SweepPlan;
  readonly outcome: SweepOutcome;
}

/**
 * One session of a sweep in its directory: measures what is not measured yet and writes every report of the sweep. Rejects with a UsageError before anything is started when the directory is another sweep's, or when this
 * machine lacks what a point needs; later only when nothing more can be measured.
 */
export async function runSweep(
  loaded: LoadedSweep,
  options: SweepSessionOptions,
): Promise<SweepSession> {
  temporaryFolder();
  await using journal = await Journal.open(options.directory);
  const { directory } = journal;
  await refuseOther(directory, loaded.spec.name ?? loaded.name);
  await refuseUnavailablePoints(
    loaded.points.filter(({ id }) => !isFinished(journal.entry(id), options.retry)),
  );
  await writePlan(directory, loaded, null);
  const outcome = await sweep(loaded, { ...options, journal }).catch(async (error: unknown) => {
    // What was measured can be looked at, whatever went wrong after it.
    await writeSweep(directory).catch(() => {});
    throw error;
  });
  const plan = await writePlan(directory, loaded, outcome);
  await writeSweep(directory);
  return { directory, plan, outcome };
}

/** A sweep may grow from one call to the next; one of another name is another sweep, and what was measured must be sound. */
async function refuseOther(directory: string, name: string): Promise<void> {
  const text = await readFile(join(directory, planFile), 'utf8').catch(() => null);
  const before = text === null ? null : (JSON.parse(text) as SweepPlan);
  if (before === null) return;
  if (before.name !== name) {
    throw new UsageError(
      'OUTPUT_UNUSABLE',
      `${directory} holds another sweep (${before.name})`,
      'Name a new or an empty directory with -o, or that of the sweep to go on with.',
    );
  }
  // All is read again at the end, and hours may lie between.
  await readSweep(directory);
}

/** What reports need beside the index. */
async function writePlan(
  directory: string,
  { name, spec, points }: LoadedSweep,
  outcome: SweepOutcome | null,
): Promise<SweepPlan> {
  const { matrix, zip, search } = spec;
  const measured = outcome === null || search === null ? points : outcome.entries;
  const zipped = Object.values(zip);
  const steps = zipped[0]?.map((_, i) => zipped.map((values) => itemAt(values, i))) ?? [];
  const plan: SweepPlan = {
    schema: 'busbench/campaign/1',
    name: spec.name ?? name,
    scenario: spec.scenario,
    axes: [
      ...Object.entries(matrix).map(([path, values]) => ({
        paths: [path],
        steps: values.map((value) => [value]),
      })),
      ...(zipped.length === 0 ? [] : [{ paths: Object.keys(zip), steps }]),
    ],
    points: measured.map(({ id, settings, repetition }) => ({ id, settings, repetition })),
    searches: (outcome?.searches ?? []).map(
      (found): SearchFinding => ({
        along: search?.along ?? '',
        unit: search?.unit ?? '',
        ...found,
      }),
    ),
  };
  await writeWhole(join(directory, planFile), `${JSON.stringify(plan, null, 2)}\n`);
  return plan;
}
