import { itemAt } from '../../topologies/item-at.ts';
import { seededRandom } from '../../topologies/random.ts';
import { median } from '../ranks.ts';

/** Repetitions a side below which nothing is said of how certain a difference is. */
export const minRepetitions: number = 3;

/** What resampling says of candidate against baseline; both ends of 95 % intervals. */
export interface Interval {
  readonly difference: readonly [low: number, high: number];
  readonly ratio: readonly [low: number, high: number];
}

const resamples = 10_000;
const tail = 0.025;

/**
 * Percentile bootstrap (Efron 1979) of the difference and the ratio of medians: both sides are resampled with
 * replacement, 10 000 times from a fixed seed, so that the same results always give the same intervals. With three
 * repetitions an interval spans everything seen. Null below that. Infinite values (beyond the timeout) are values.
 */
export function bootstrap(
  baseline: readonly number[],
  candidate: readonly number[],
): Interval | null {
  if (Math.min(baseline.length, candidate.length) < minRepetitions) return null;
  const random = seededRandom(1);
  const differences: number[] = [];
  const ratios: number[] = [];
  for (let i = 0; i < resamples; i++) {
    const before = median(resample(baseline, random));
    const after = median(resample(candidate, random));
    differences.push(differenceOf(before, after));
    ratios.push(ratioOf(before, after));
  }
  return { difference: middleOf(differences), ratio: middleOf(ratios) };
}

/** Two values beyond the timeout do not differ. */
export function differenceOf(before: number, after: number): number {
  return before === after ? 0 : after - before;
}

/** Nothing over nothing, and two values beyond the timeout, are the same. */
export function ratioOf(before: number, after: number): number {
  return before === after ? 1 : after / before;
}

function resample(values: readonly number[], random: () => number): number[] {
  return values.map(() => itemAt(values, Math.floor(random() * values.length)));
}

function middleOf(values: number[]): readonly [number, number] {
  values.sort((a, b) => a - b);
  const at = (share: number): number => itemAt(values, Math.round(share * (values.length - 1)));
  return [at(tail), at(1 - tail)];
}
