import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  distOf,
  emptyHistogram,
  encodeHistogram,
  mergeSamples,
  quantileUs,
} from '../../../reports/reconcile/dist.ts';
import { hdr, range } from './synthetic.ts';

const samples = (values: readonly number[], negative = 0) =>
  mergeSamples([{ hdr: hdr(values), negative }]);

describe('distOf', () => {
  it('is null throughout when nothing was recorded', () => {
    const dist = distOf(mergeSamples([]));
    expect(dist).toEqual({
      count: 0,
      failed: 0,
      negative: 0,
      min: null,
      mean: null,
      stddev: null,
      p50: null,
      p75: null,
      p90: null,
      p95: null,
      p99: null,
      p999: null,
      p9999: null,
      max: null,
      hdr: encodeHistogram(emptyHistogram()),
    });
    expect(mergeSamples([{ hdr: dist.hdr, negative: 0 }]).histogram.totalCount).toBe(0);
  });

  it('gives nearest ranks of 1 .. 1000', () => {
    const dist = distOf(samples(range(1000, 1)));
    expect(dist).toMatchObject({ count: 1000, min: 1, max: 1000, mean: 500.5 });
    expect(dist).toMatchObject({ p50: 500, p75: 750, p90: 900, p95: 950, p99: 990, p999: null });
    // The variance of 1 .. n is (n² - 1) / 12.
    expect(dist.stddev).toBeCloseTo(Math.sqrt((1000 ** 2 - 1) / 12), 6);
  });

  it('needs 10 samples beyond a quantile, but none for min, mean, stddev and max', () => {
    expect(distOf(samples(range(19, 1))).p50).toBeNull();
    expect(distOf(samples(range(20, 1))).p50).toBe(10);
    expect(distOf(samples(range(999, 1))).p99).toBeNull();
    expect(distOf(samples(range(1000, 1))).p99).toBe(990);
    expect(distOf(samples([7]))).toMatchObject({ min: 7, mean: 7, stddev: 0, max: 7, p50: null });
  });

  it('ranks failures as infinite', () => {
    const dist = distOf(samples(range(960, 1)), 40);
    expect(dist).toMatchObject({
      count: 960,
      failed: 40,
      p50: 500,
      p95: 950,
      p99: null,
      max: null,
    });
    expect(dist).toMatchObject({ min: 1, mean: 480.5 });
    // The last one that was done is at rank 990 of 1000.
    expect(distOf(samples(range(990, 1)), 10).p99).toBe(990);
    expect(distOf(samples(range(989, 1)), 11).p99).toBeNull();
    expect(distOf(samples([]), 100)).toMatchObject({ count: 0, failed: 100, p50: null, min: null });
  });

  it('ranks negative samples lowest, and knows no minimum or mean with them', () => {
    const dist = distOf(samples(range(40, 1), 60));
    expect(dist).toMatchObject({ count: 40, p50: null, p75: 15, p90: 30, max: 40 });
    expect(dist).toMatchObject({ min: null, mean: null, stddev: null });
  });

  it('keeps 3 significant digits from 1 µs to more than an hour, and zero', () => {
    const dist = distOf(samples([0, 1, 3_600_000_000]));
    expect(dist.min).toBe(0);
    expect(Math.abs((dist.max ?? 0) / 3_600_000_000 - 1)).toBeLessThan(0.001);
  });

  it('agrees with sorting, whatever failed', () => {
    const values = fc.array(fc.integer({ min: 0, max: 5_000_000 }), { maxLength: 400 });
    fc.assert(
      fc.property(values, fc.nat(40), fc.nat(40), (recorded, negative, failed) => {
        const sorted = [
          ...range(negative).map(() => null),
          ...[...recorded].sort((a, b) => a - b),
          ...range(failed).map(() => null),
        ];
        const merged = samples(recorded, negative);
        for (const parts of [5000, 9000, 9900]) {
          const rank = Math.max(1, Math.ceil((sorted.length * parts) / 10_000));
          const exact = sorted.length - rank < 10 ? null : (sorted[rank - 1] ?? null);
          const got = quantileUs(merged, failed, parts);
          if (exact === null) expect(got).toBeNull();
          else expect(Math.abs((got ?? Number.NaN) - exact)).toBeLessThanOrEqual(exact / 1000);
        }
      }),
      { seed: 7 },
    );
  });
});

describe('mergeSamples', () => {
  it('gives what one histogram of everything gives, in any order', () => {
    const parts = fc.array(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 50 }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(parts, (values) => {
        const encoded = values.map((part) => ({ hdr: hdr(part), negative: 1 }));
        const whole = distOf(mergeSamples([{ hdr: hdr(values.flat()), negative: values.length }]));
        expect(distOf(mergeSamples(encoded))).toEqual(whole);
        expect(distOf(mergeSamples(encoded.toReversed()))).toEqual(whole);
      }),
      { seed: 11 },
    );
  });

  it('keeps the coarsest precision', () => {
    const merged = mergeSamples([
      { hdr: hdr([100_000], 2), negative: 0 },
      { hdr: hdr([200_000], 3), negative: 0 },
    ]);
    expect(merged.histogram.totalCount).toBe(2);
    expect(merged.histogram.numberOfSignificantValueDigits).toBe(2);
  });
});
