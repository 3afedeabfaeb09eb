import type { Evidence } from '../evidence.ts';
import type { Account } from '../reconcile/accounts.ts';
import type { RunResult, Warning } from '../result.ts';

/** A result before it is judged. */
export type Unjudged = Omit<RunResult, 'verdict'>;

/** Everything that a warning may be drawn from. */
export interface Seen {
  readonly evidence: Evidence;
  readonly accounts: readonly Account[];
  readonly result: Unjudged;
}

/** What a check found, what it should have been, and a sentence with both; it makes the run invalid only when it says so. */
export type Finding = Pick<Warning, 'message' | 'value' | 'limit'> &
  Partial<Pick<Warning, 'invalidates'>>;

/** A row of the table in docs/errors.md. The check is pure; nothing found is no warning. */
export interface WarningRule {
  readonly code: string;
  readonly means: string;
  readonly advice: string;
  check(seen: Seen): readonly Finding[];
}

/** The warnings that a rule gives. */
export function apply({ code, advice, check }: WarningRule, seen: Seen): Warning[] {
  return check(seen).map(({ message, value, limit, invalidates = false }) => {
    return { code, message, advice, value, limit, invalidates };
  });
}

/** A count that ought to be 0. */
export function unlessZero(value: number, message: string): readonly Finding[] {
  return value === 0 ? [] : [{ message, value, limit: 0 }];
}

/** Microseconds as milliseconds, for messages. */
export function usAsMs(valueUs: number): string {
  if (!Number.isFinite(valueUs)) return 'infinite';
  return `${(valueUs / 1e3).toFixed(valueUs < 10_000 ? 2 : 0)} ms`;
}
