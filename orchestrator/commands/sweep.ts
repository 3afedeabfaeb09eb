import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { readSweep } from '../../reports/sweep/read.ts';
import {
  type PointEntry,
  type PointStatus,
  planFile,
  type SearchFinding,
  type SweepPlan,
} from '../../reports/sweep/sweep.ts';
import { writeSweep } from '../../reports/sweep/write.ts';
import { writeWhole } from '../../reports/write.ts';
import { itemAt } from '../../topologies/item-at.ts';
import { UsageError } from '../errors.ts';
import { exitInterrupted, interruptible } from '../processes/interrupts.ts';
import { temporaryFolder } from '../processes/owner.ts';
import { expectedMs } from '../sweep/countdown.ts';
import { Journal } from '../sweep/journal.ts';
import {
  type LoadedSweep,
  loadSweep,
  onlyAvailable,
  refuseUnavailablePoints,
} from '../sweep/load.ts';
import { busKey, ordered } from '../sweep/order.ts';
import { describeSettings } from '../sweep/points.ts';
import { isFinished, type SweepOutcome, sweep } from '../sweep/sweep.ts';
import { print } from './streams.ts';
import { formatLong, showSweep } from './sweep-progress.ts';

interface SweepFlags {
  readonly output?: string;
  readonly retry: readonly PointStatus[];
  readonly dryRun?: true;
  readonly available?: true;
  readonly json?: true;
  readonly quiet?: true;
}

/** Statuses that a further attempt may mend. */
const retriable: readonly PointStatus[] = ['failed', 'invalid', 'timeout', 'expectation-missed'];

/** `busbench sweep`: many points, resumed where it stopped. */
export function registerSweep(program: Command): void {
  program
    .command('sweep')
    .description('measure many points; run again to go on where it stopped')
    .argument('<sweep>', 'a sweep file or the name of a ready-made one')
    .option('-o, --output <dir>', 'new, or that of the sweep to resume (default results/<name>)')
    .option('--dry-run', 'print the points and about how long they take; start nothing')
    .option('--available', 'leave out what this machine lacks the programs for')
    .option('--retry <statuses>', `measure these again: ${retriable.join(',')}`, parseRetry, [])
    .option('--json', 'print the outcome as one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(sweepCommand);
}

function parseRetry(list: string): readonly PointStatus[] {
  return list.split(',').map((name) => {
    const status = retriable.find((known) => known === name.trim());
    if (status) return status;
    throw new InvalidArgumentError(`expected one or more of ${retriable.join(', ')}, got ${name}`);
  });
}

function sayLacking({ message, hint }: UsageError): void {
  process.stderr.write(`busbench: left out: ${message}\n  ${hint}\n`);
}

async function sweepCommand(nameOrFile: string, flags: SweepFlags): Promise<void> {
  const all = await loadSweep(nameOrFile);
  const loaded = flags.available ? await onlyAvailable(all, sayLacking) : all;
  if (flags.dryRun) {
    print(flags.json ? dryRunJson(loaded) : dryRunText(loaded));
    return;
  }
  temporaryFolder();
  await using journal = await Journal.open(flags.output ?? join('results', loaded.name));
  await refuseOther(journal.directory, loaded.spec.name ?? loaded.name);
  await refuseUnavailablePoints(
    loaded.points.filter(({ id }) => !isFinished(journal.entry(id), flags.retry)),
  );
  await writePlan(journal.directory, loaded, null);
  const what = loaded.spec.search === null ? 'points' : 'searches';
  using display = showSweep(loaded.name, what, flags.quiet ?? false);
  using interrupts = interruptible();
  const outcome = await sweep(loaded, {
    journal,
    commandLine: process.argv.slice(2),
    retry: flags.retry,
    stop: interrupts.stop,
    onProgress: display.update,
  }).catch(async (error: unknown) => {
    // What was measured can be looked at, whatever went wrong after it.
    await writeSweep(journal.directory).catch(() => {});
    throw error;
  });
  display[Symbol.dispose]();
  const plan = await writePlan(journal.directory, loaded, outcome);
  await writeSweep(journal.directory);
  const text = flags.json
    ? `${JSON.stringify({ ...plan, directory: journal.directory, points: outcome.entries }, null, 2)}\n`
    : summary(outcome, loaded.spec.search?.unit ?? '', journal.directory);
  print(text, journal.directory);
  process.exitCode = exitCodeOf(outcome, interrupts.stop.aborted);
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

/** Of a search, points beyond the capacity are supposed to go wrong: only what it found counts. */
function exitCodeOf(outcome: SweepOutcome, interrupted: boolean): number {
  const { entries, unmeasured, searches, searched } = outcome;
  if (interrupted || unmeasured.length > 0 || !searched) return exitInterrupted;
  if (searches.length > 0) return searches.every(({ holds }) => holds !== null) ? 0 : 1;
  const statuses = new Set(entries.map(({ status }) => status));
  if (statuses.has('failed') || statuses.has('timeout')) return 3;
  if (statuses.has('invalid')) return 4;
  return statuses.has('expectation-missed') ? 1 : 0;
}

function dryRunJson({ points, spec }: LoadedSweep): string {
  const listed = ordered(points, spec).map(({ id, settings, repetition, scenario }) => {
    return { id, settings, repetition, expectedMs: expectedMs(scenario) };
  });
  return `${JSON.stringify(listed, null, 2)}\n`;
}

function dryRunText({ name, points, spec }: LoadedSweep): string {
  const queue = ordered(points, spec);
  const lines = queue.map(({ id, settings, repetition }) => {
    const search =
      spec.search === null ? '' : ` and on, up to ${spec.search.to}${spec.search.unit}`;
    return `${id}  #${repetition}  ${describeSettings(settings)}${search}`;
  });
  const deployments = queue.filter(
    ({ scenario }, i) =>
      spec.reuse !== 'bus' ||
      busKey(scenario) !== busKey(queue[i - 1]?.scenario ?? scenario) ||
      i === 0,
  ).length;
  const totalMs = queue.reduce((sum, { scenario }) => sum + expectedMs(scenario), 0);
  const what = spec.search === null ? 'points' : 'searches';
  const each = spec.search === null ? '' : ' for the first point of each';
  return [
    ...lines,
    `${name}: ${queue.length} ${what} in the order of measuring, ${deployments} deployments, about ${formatLong(totalMs)}${each} beside the start of the buses`,
    '',
  ].join('\n');
}

function summary(outcome: SweepOutcome, unit: string, directory: string): string {
  const { entries, unmeasured, searches, searched } = outcome;
  const counts = new Map<string, number>();
  for (const { status } of entries) counts.set(status, (counts.get(status) ?? 0) + 1);
  if (unmeasured.length > 0) counts.set('unmeasured', unmeasured.length);
  counts.delete('interrupted');
  const counted = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  const wrong = entries.filter(({ status }) => !['ok', 'interrupted'].includes(status));
  const resume =
    unmeasured.length > 0 || !searched ? ['Run it again with the same -o to go on.'] : [];
  return [
    `${entries.length + unmeasured.length} points: ${counted}`,
    ...wrong.map(lineOf),
    ...searches.map((found) => bracketLine(found, unit)),
    ...resume,
    `Sweep  ${directory}`,
    '',
  ].join('\n');
}

function lineOf({ status, settings, repetition, reason, directory, id }: PointEntry): string {
  const place = directory ?? id;
  return `  ${status.padEnd(18)} ${describeSettings(settings)} #${repetition} (${place}): ${shorten(reason ?? '')}`;
}

/** The whole of it is in the point's own report. */
function shorten(reason: string): string {
  const line = reason.replaceAll(/\s+/g, ' ');
  return line.length <= 160 ? line : `${line.slice(0, 157)}...`;
}

function bracketLine(found: SweepOutcome['searches'][number], unit: string): string {
  const { settings, holds, fails, trials } = found;
  const low = holds === null ? 'not even the lowest value holds' : `holds at ${holds}${unit}`;
  const high = fails === null ? 'and so does all the rest' : `fails at ${fails}${unit}`;
  return `  ${describeSettings(settings)}: ${low}, ${high} (${trials.length} measurements)`;
}
