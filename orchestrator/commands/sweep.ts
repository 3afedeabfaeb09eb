import { join } from 'node:path';
import type { PointEntry, PointStatus } from '../../reports/sweep/sweep.ts';
import type { UsageError } from '../errors.ts';
import { exitInterrupted, interruptible } from '../processes/interrupts.ts';
import { expectedMs } from '../sweep/countdown.ts';
import { type LoadedSweep, loadSweep, onlyAvailable } from '../sweep/load.ts';
import { busKey, ordered } from '../sweep/order.ts';
import { describeSettings } from '../sweep/points.ts';
import { runSweep } from '../sweep/session.ts';
import type { SweepOutcome } from '../sweep/sweep.ts';
import { print } from './streams.ts';
import { formatLong, showSweep } from './sweep-progress.ts';

export interface SweepFlags {
  readonly output?: string;
  readonly retry: readonly PointStatus[];
  readonly dryRun?: true;
  readonly available?: true;
  readonly json?: true;
  readonly quiet?: true;
}

function sayLacking({ message, hint }: UsageError): void {
  process.stderr.write(`busbench: left out: ${message}\n  ${hint}\n`);
}

/** `busbench sweep`: many points, resumed where it stopped. */
export async function sweepCommand(nameOrFile: string, flags: SweepFlags): Promise<void> {
  const all = await loadSweep(nameOrFile);
  const loaded = flags.available ? await onlyAvailable(all, sayLacking) : all;
  if (flags.dryRun) {
    print(flags.json ? dryRunJson(loaded) : dryRunText(loaded));
    return;
  }
  const what = loaded.spec.search === null ? 'points' : 'searches';
  using display = showSweep(loaded.name, what, flags.quiet ?? false);
  using interrupts = interruptible();
  const { directory, plan, outcome } = await runSweep(loaded, {
    directory: flags.output ?? join('results', loaded.name),
    commandLine: process.argv.slice(2),
    retry: flags.retry,
    stop: interrupts.stop,
    onProgress: display.update,
  });
  display[Symbol.dispose]();
  const text = flags.json
    ? `${JSON.stringify({ ...plan, directory: directory, points: outcome.entries }, null, 2)}\n`
    : summary(outcome, loaded.spec.search?.unit ?? '', directory);
  print(text, directory);
  process.exitCode = exitCodeOf(outcome, interrupts.stop.aborted);
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
