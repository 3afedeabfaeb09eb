import { stderr } from 'node:process';
import { formatDurationMs } from '../../reports/format.ts';
import type { SweepProgress } from '../sweep/point-runner.ts';
import { describeSettings } from '../sweep/points.ts';
import { liveLines } from './live-lines.ts';
import { runDescriber } from './progress.ts';
import { isLiveTerminal } from './terminal.ts';

/** Two live lines on a terminal, elsewhere a plain line a step and every few seconds; nothing when quiet. */
export interface SweepDisplay extends Disposable {
  readonly update: (progress: SweepProgress) => void;
}

const plainEveryMs = 10_000;
const barCells = 24;

export function showSweep(name: string, what: 'points' | 'searches', quiet: boolean): SweepDisplay {
  if (quiet) return { update: () => {}, [Symbol.dispose]: () => {} };
  return isLiveTerminal() ? liveBar(name, what) : plainLines(name, what);
}

function liveBar(name: string, what: string): SweepDisplay {
  const lines = liveLines(stderr);
  const describeRun = runDescriber();
  let over = false;
  return {
    update: (progress) => {
      if (over) return;
      const { done, total, run } = progress;
      const full = Math.round((total === 0 ? 1 : done / total) * barCells);
      const bar = `[${'='.repeat(full)}${' '.repeat(barCells - full)}]`;
      lines.draw(
        `${name} ${bar} ${position(progress, what)}\n  ${point(progress)}: ${describeRun(run)}`,
      );
    },
    [Symbol.dispose]: () => {
      over = true;
      lines.clear();
    },
  };
}

function plainLines(name: string, what: string): SweepDisplay {
  let last = '';
  let lastAt = Number.NEGATIVE_INFINITY;
  const describeRun = runDescriber();
  return {
    update: (progress) => {
      const now = performance.now();
      const running = describeRun(progress.run);
      const here = `${progress.done} ${point(progress)}`;
      if (here === last && now - lastAt < plainEveryMs) return;
      last = here;
      lastAt = now;
      stderr.write(`${name}: ${position(progress, what)}: ${point(progress)}: ${running}\n`);
    },
    [Symbol.dispose]: () => {},
  };
}

function position({ done, total, leftMs }: SweepProgress, what: string): string {
  return `${done} of ${total} ${what}, about ${formatLong(leftMs)} left`;
}

function point({ settings, repetition }: SweepProgress): string {
  return `${describeSettings(settings)} #${repetition}`;
}

/** Hours and days as sweeps need them; no more precise than an estimate is. */
export function formatLong(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return formatDurationMs(seconds * 1000);
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return `${hours} h ${minutes % 60} min`;
}
