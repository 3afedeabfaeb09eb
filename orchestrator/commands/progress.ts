import { stderr } from 'node:process';
import { createLogUpdate } from 'log-update';
import { formatDurationMs, formatUs } from '../../reports/format.ts';
import type { RunProgress } from '../observer.ts';

/** A live bar on a terminal, elsewhere a plain line every few seconds; nothing when quiet. */
export interface ProgressDisplay extends Disposable {
  readonly update: (progress: RunProgress) => void;
}

const plainEveryMs = 3_000;
const barCells = 24;

export function showProgress(name: string, quiet: boolean): ProgressDisplay {
  if (quiet) return { update: () => {}, [Symbol.dispose]: () => {} };
  return stderr.isTTY ? liveBar(name) : plainLines(name);
}

function liveBar(name: string): ProgressDisplay {
  const line = createLogUpdate(stderr, { showCursor: true });
  let over = false;
  return {
    update: (progress) => {
      if (!over) line(`${name} ${bar(progress)} ${describeRun(progress)}`);
    },
    [Symbol.dispose]: () => {
      over = true;
      line.clear();
    },
  };
}

function plainLines(name: string): ProgressDisplay {
  let lastStep = '';
  let lastAt = 0;
  return {
    update: (progress) => {
      const now = Date.now();
      if (progress.step === lastStep && now - lastAt < plainEveryMs) return;
      lastStep = progress.step;
      lastAt = now;
      stderr.write(`${name}: ${describeRun(progress)}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

function bar({ elapsedMs, totalMs }: RunProgress): string {
  const share = totalMs ? Math.min(1, elapsedMs / totalMs) : 0;
  const full = Math.round(share * barCells);
  return `[${'='.repeat(full)}${' '.repeat(barCells - full)}]`;
}

/** What a run is doing, in one line. */
export function describeRun(progress: RunProgress): string {
  const { step, elapsedMs, totalMs, due, completed, failed, p99Us } = progress;
  if (elapsedMs === 0) return step;
  const left =
    totalMs === null ? '' : `, ${formatDurationMs(Math.max(0, totalMs - elapsedMs))} left`;
  const rate = Math.round(completed / (elapsedMs / 1e3));
  const p99 = p99Us === null ? '' : `, p99 ${formatUs(p99Us)}`;
  return `${step}${left}: ${due} due, ${completed} done (${rate}/s)${p99}, ${failed} failed`;
}
