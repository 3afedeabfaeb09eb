import type { RunResult, Warning } from '../result.ts';

/** A result before it is judged. */
export type Unjudged = Omit<RunResult, 'verdict'>;

/** A warning that makes the run invalid only when it says so. */
export function warn(warning: Omit<Warning, 'invalidates'>, invalidates = false): Warning {
  return { ...warning, invalidates };
}

/** Microseconds as milliseconds, for messages. */
export function usAsMs(valueUs: number): string {
  if (!Number.isFinite(valueUs)) return 'infinite';
  return `${(valueUs / 1e3).toFixed(valueUs < 10_000 ? 2 : 0)} ms`;
}
