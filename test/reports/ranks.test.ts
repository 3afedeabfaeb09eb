import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, nearestRank } from '../../reports/ranks.ts';

describe('nearest rank', () => {
  it('is the least value that at least the share of all is not above', () => {
    const values = fc.array(fc.integer(), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (unsorted, share) => {
        const sorted = unsorted.toSorted((a, b) => a - b);
        const atMost = (limit: number): number => sorted.filter((value) => value <= limit).length;
        const wanted = sorted.find((value) => atMost(value) >= share * sorted.length);
        expect(nearestRank(sorted, share)).toBe(wanted);
      }),
    );
  });

  it('knows nothing of nothing', () => {
    expect(nearestRank([], 0.5)).toBeNaN();
  });
});

describe('median', () => {
  it('is the middle, or the mean of the middle two, and leaves the list as it was', () => {
    const values = [9, 1, 5];
    expect(median(values)).toBe(5);
    expect(values).toEqual([9, 1, 5]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('takes infinite values for values', () => {
    const beyond = Number.POSITIVE_INFINITY;
    expect(median([1, beyond, 2])).toBe(2);
    expect(median([1, beyond])).toBe(beyond);
    expect(median([beyond, beyond, 1])).toBe(beyond);
  });
});
