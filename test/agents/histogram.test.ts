import fc from 'fast-check';
import hdr from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../agents/histogram.ts';

const values = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((v) => v * 2 + 1),
    fc.double({ min: 0, max: 3.6e9, noNaN: true }),
  ),
  { minLength: 1, maxLength: 300 },
);

describe('Histogram', () => {
  it('puts every value where HdrHistogram puts it', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(2 as const, 3 as const), (samples, digits) => {
        const ours = new Histogram(digits);
        const theirs = hdr.build({
          highestTrackableValue: 2 ** 32 - 1,
          numberOfSignificantValueDigits: digits,
        });
        for (const sample of samples) {
          ours.record(sample);
          theirs.recordValue(Math.round(sample));
        }
        const decoded = hdr.decodeFromCompressedBase64(ours.encode());
        expect(decoded.totalCount).toBe(samples.length);
        for (const percentile of [0, 10, 50, 90, 99, 100]) {
          expect(decoded.getValueAtPercentile(percentile)).toBe(
            theirs.getValueAtPercentile(percentile),
          );
        }
      }),
    );
  });

  it('writes the very bytes that the library writes', () => {
    const counted = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 300 })),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(counted, fc.constantFrom(2 as const, 3 as const), (samples, digits) => {
        const ours = new Histogram(digits);
        const theirs = hdr.build({
          bitBucketSize: 32,
          highestTrackableValue: 2 ** 32 - 1,
          numberOfSignificantValueDigits: digits,
          autoResize: false,
        });
        for (const [value, count] of samples) {
          for (let i = 0; i < count; i++) ours.record(value);
          theirs.recordValueWithCount(value, count);
        }
        expect(ours.encode()).toBe(hdr.encodeIntoCompressedBase64(theirs));
      }),
      {
        examples: [
          [[], 3],
          [[[0, 1]], 3],
          [[[1, 1]], 2],
          [[[2 ** 32 - 1, 1]], 3],
        ],
      },
    );
  });

  it('rounds to the nearest microsecond', () => {
    for (const [sample, counted] of [
      [0.49, 0],
      [0.5, 1],
      [1.4, 1],
      [1.6, 2],
      [99.5, 100],
    ] as const) {
      const histogram = new Histogram(3);
      histogram.record(sample);
      expect(hdr.decodeFromCompressedBase64(histogram.encode()).maxValue).toBe(counted);
    }
  });

  it('keeps the precision it promises', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_600_000_000 }), (value) => {
        for (const [digits, error] of [
          [2, 0.01],
          [3, 0.001],
        ] as const) {
          const histogram = new Histogram(digits);
          for (let i = 0; i < 30; i++) histogram.record(value);
          const median = histogram.quantile(0.5, 0) ?? Number.NaN;
          expect(median).toBeGreaterThanOrEqual(value);
          expect(median - value).toBeLessThanOrEqual(value * error);
        }
      }),
    );
  });

  it('counts negative values and records none of them', () => {
    const histogram = new Histogram(3);
    histogram.record(-0.4);
    histogram.record(-3000);
    histogram.record(0.4);
    expect(histogram.negative).toBe(2);
    expect(histogram.count).toBe(1);
    expect(hdr.decodeFromCompressedBase64(histogram.encode()).totalCount).toBe(1);
  });

  it('counts more than 71 minutes as 71 minutes', () => {
    const histogram = new Histogram(3);
    histogram.record(1e12);
    const { maxValue } = hdr.decodeFromCompressedBase64(histogram.encode());
    expect(maxValue).toBeGreaterThan(71 * 60e6);
  });

  it('ranks failures above and negative samples below all others', () => {
    const histogram = new Histogram(2);
    for (let i = 0; i < 100; i++) histogram.record(50);
    expect(histogram.quantile(0.5, 0)).toBe(50);
    expect(histogram.quantile(0.5, 90)).toBe(50);
    expect(histogram.quantile(0.5, 120)).toBeNull();
    for (let i = 0; i < 150; i++) histogram.record(-1);
    expect(histogram.quantile(0.5, 0)).toBeNull();
    expect(histogram.quantile(0.9, 0)).toBe(50);
  });

  it('knows no quantile with fewer than 10 samples beyond it', () => {
    const histogram = new Histogram(2);
    for (let i = 0; i < 999; i++) histogram.record(7);
    expect(histogram.quantile(0.99, 0)).toBeNull();
    histogram.record(7);
    expect(histogram.quantile(0.99, 0)).toBe(7);
  });
});
