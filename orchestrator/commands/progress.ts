import { stderr } from 'node:process';
import { formatDurationMs, formatUs } from '../../reports/format.ts';
import type { RunProgress } from '../observer.ts';
import { liveLines } from './live-lines.ts';
import { isLiveTerminal } from './terminal.ts';

/** A live bar on a terminal, elsewhere a plain line every few seconds; nothing when quiet. */
export interface ProgressDisplay extends Disposable {
  readonly update: (progress: RunProgress) => void;
}

const plainEveryMs = 3_000;
const rateWindowMs = 2_000;
/** Steps that end by the clock, so that time left and a rate mean something. */
const timedSteps: ReadonlySet<string> = new Set(['warming up', 'measuring', 'draining']);
const barCells = 24;

export function showProgress(name: string, quiet: boolean): ProgressDisplay {
  if (quiet) return { update: () => {}, [Symbol.dispose]: () => {} };
  return isLiveTerminal() ? liveBar(name) : plainLines(name);
}

function liveBar(name: string): ProgressDisplay {
  const line = liveLines(stderr);
  const describeRun = runDescriber();
  let over = false;
  return {
    update: (progress) => {
      if (!over) line.draw(`${name} ${bar(progress)} ${describeRun(progress)}`);
    },
    [Symbol.dispose]: () => {
      over = true;
      line.clear();
    },
  };
}

function plainLines(name: string): ProgressDisplay {
  let lastStep = '';
  let lastAt = Number.NEGATIVE_INFINITY;
  const describeRun = runDescriber();
  return {
    update: (progress) => {
      const now = performance.now();
      const line = describeRun(progress);
      if (progress.step === lastStep && now - lastAt < plainEveryMs) return;
      lastStep = progress.step;
      lastAt = now;
      stderr.write(`${name}: ${line}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

function bar({ elapsedMs, totalMs }: RunProgress): string {
  const share = totalMs ? Math.min(1, elapsedMs / totalMs) : 0;
  const full = Math.round(share * barCells);
  return `[${'='.repeat(full)}${' '.repeat(barCells - full)}]`;
}

/** Says what a run is doing, in one line. It keeps the newest two seconds, of which the rate is. */
export function runDescriber(): (progress: RunProgress) => string {
  let past = [{ elapsedMs: 0, completed: 0 }];
  return ({ step, detail, elapsedMs, totalMs, due, completed, failed, p99Us }) => {
    if (elapsedMs === 0) return detail === '' ? step : `${step}: ${detail}`;
    past = past.filter((one) => Math.abs(elapsedMs - one.elapsedMs) <= rateWindowMs);
    const [from = { elapsedMs: 0, completed: 0 }] = past;
    past.push({ elapsedMs, completed });
    const isTimed = timedSteps.has(step);
    const left =
      isTimed && totalMs !== null
        ? `, ${formatDurationMs(Math.max(0, totalMs - elapsedMs))} left`
        : '';
    const passedMs = Math.max(1, elapsedMs - from.elapsedMs);
    const perSecond = Math.round((1e3 * (completed - from.completed)) / passedMs);
    const rate = isTimed ? ` (${perSecond}/s)` : '';
    const p99 = p99Us === null ? '' : `, p99 ${formatUs(p99Us)}`;
    return `${step}${left}: ${due} due, ${completed} done${rate}${p99}, ${failed} failed`;
  };
}
