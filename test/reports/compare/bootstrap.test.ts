import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrap } from '../../../reports/compare/bootstrap.ts';
import { median } from '../../../reports/ranks.ts';

describe('bootstrap', () => {
  it('says nothing below three repetitions', () => {
    expect(bootstrap([1, 2], [1, 2, 3])).toBeNull();
    expect(bootstrap([1, 2, 3], [])).toBeNull();
  });

  it('is sure of sides that lie apart, and of nothing where they overlap', () => {
    const apart = bootstrap([100, 101, 102], [120, 121, 122]);
    expect(apart?.difference[0]).toBeGreaterThanOrEqual(18);
    expect(apart?.difference[1]).toBeLessThanOrEqual(22);
    expect(apart?.ratio[0]).toBeGreaterThan(1.17);
    const same = bootstrap([100, 110, 120], [105, 109, 121]);
    expect(same?.difference[0]).toBeLessThanOrEqual(0);
    expect(same?.difference[1]).toBeGreaterThanOrEqual(0);
  });

  it('spans everything seen with three a side', () => {
    expect(bootstrap([1, 2, 3], [10, 20, 30])?.difference).toEqual([7, 29]);
  });

  it('gives the intervals that scipy gives', () => {
    // scipy 1.17.1: stats.bootstrap((a, b), median(b) - median(a) and median(b) / median(a), n_resamples=200000,
    // vectorized=True, method='percentile', confidence_level=0.95), alike for random_state 1, 2 and 3.
    // At 0.90 it gives [22, 56] and [1.0508, 1.1351].
    const a = [412, 398, 451, 420, 433, 407, 389, 440, 415, 428, 402];
    const b = [455, 437, 490, 448, 471, 462, 429, 484, 452, 460, 447];
    const interval = bootstrap(a, b);
    expect(interval?.difference).toEqual([19, 59]);
    expect(interval?.ratio[0]).toBeCloseTo(1.044392523364486, 12);
    expect(interval?.ratio[1]).toBeCloseTo(1.144278606965174, 12);
  });

  it('narrows with repetitions', () => {
    const values = (count: number, from: number): number[] =>
      Array.from({ length: count }, (_, i) => from + ((i * 7) % 10));
    const width = (count: number): number => {
      const [low = 0, high = 0] = bootstrap(values(count, 0), values(count, 0))?.difference ?? [];
      return high - low;
    };
    expect(width(50)).toBeLessThan(width(5));
  });

  it('takes what lies beyond the timeout as infinite, on both sides as equal', () => {
    const beyond = Number.POSITIVE_INFINITY;
    expect(bootstrap([beyond, beyond, beyond], [beyond, beyond, beyond])?.difference).toEqual([
      0, 0,
    ]);
    expect(bootstrap([1, 2, 3], [beyond, beyond, beyond])?.difference).toEqual([beyond, beyond]);
  });

  it('brackets the difference of the medians, and gives the same answer twice', () => {
    const side = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 3, maxLength: 9 });
    fc.assert(
      fc.property(side, side, (baseline, candidate) => {
        const interval = bootstrap(baseline, candidate);
        const difference = median(candidate) - median(baseline);
        expect(interval?.difference[0]).toBeLessThanOrEqual(difference);
        expect(interval?.difference[1]).toBeGreaterThanOrEqual(difference);
        expect(bootstrap(baseline, candidate)).toEqual(interval);
      }),
      { numRuns: 25 },
    );
  });

  it('covers a true difference of zero about as often as it claims', () => {
    let state = 7;
    const noise = (): number => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    let covered = 0;
    for (let trial = 0; trial < 40; trial++) {
      const [a, b] = [0, 1].map(() => Array.from({ length: 7 }, () => 100 + 10 * noise()));
      const [low = 1, high = -1] = bootstrap(a ?? [], b ?? [])?.difference ?? [];
      if (low <= 0 && high >= 0) covered += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(34);
  });
});
