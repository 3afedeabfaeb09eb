import type { RunRecord } from '../record.ts';
import type { RunResult } from '../result.ts';

/** A number that is not what the others of its record make it. */
export interface Contradiction {
  /** A path of `result.json`, or a file with its row and column. */
  readonly where: string;
  /** With what it follows from. */
  readonly expected: string;
  readonly got: string;
}

/** What must hold in every honest record: what a run computes from one source, or counts twice. */
export type Law = (record: RunRecord) => Iterable<Contradiction>;

/** Any value of a result that is not made of others. */
export type Leaf = number | string | boolean | null | undefined;

/** Whole numbers are equal or not; others may differ by what floating point loses. */
export function isSame(a: Leaf, b: Leaf): boolean {
  if (a === b) return true;
  if (typeof a !== 'number' || typeof b !== 'number') return false;
  if (Number.isInteger(a) && Number.isInteger(b)) return false;
  // Infinities are equal or not, too.
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

/** One contradiction unless both are the same. `from` says what the expected one follows from. */
export function* same(
  where: string,
  got: Leaf,
  expected: Leaf,
  from: string,
): Generator<Contradiction> {
  if (isSame(got, expected)) return;
  yield { where, expected: `${expected} (${from})`, got: String(got) };
}

/** One contradiction unless the number lies between both, bounds included; null lies everywhere. */
export function* within(
  where: string,
  got: number | null,
  [least, most]: readonly [number, number],
  from: string,
): Generator<Contradiction> {
  if (got === null || (got >= least && got <= most)) return;
  if (isSame(got, least) || isSame(got, most)) return;
  const expected = most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
  yield { where, expected: `${expected} (${from})`, got: String(got) };
}

/** The value of a warning that the run gave; 0 without it. */
export function warned(result: RunResult, code: string): number {
  return result.verdict.warnings.find((warning) => warning.code === code)?.value ?? 0;
}

/**
 * All processes reported all that they knew, and their books agree: only then is what clients, servers and seconds
 * count the same. A run that was not so says it, by a warning, a failure, or the fault that killed an agent.
 */
export function isWhole({ verdict, outcome, faults }: RunResult): boolean {
  const torn = ['AGENT_MISSING', 'LEDGER_UNBALANCED', 'SAMPLES_UNBALANCED'];
  return (
    verdict.failure === null &&
    outcome.unknown === 0 &&
    !verdict.warnings.some(({ code }) => torn.includes(code)) &&
    !faults.some(({ action, target }) => action === 'kill' && /^(client|server)\./.test(target))
  );
}

export function total(counts: Iterable<number>): number {
  let all = 0;
  for (const count of counts) all += count;
  return all;
}
