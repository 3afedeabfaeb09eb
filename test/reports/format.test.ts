import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDurationMs,
  formatPercent,
  formatQuantile,
  formatRate,
  formatUs,
} from '../../reports/format.ts';
import type { Dist } from '../../reports/result.ts';

describe('numbers', () => {
  it.each([
    [0, '0 µs'],
    [4, '4 µs'],
    [4.25, '4.3 µs'],
    [412.7, '413 µs'],
    [999.4, '999 µs'],
    [999.6, '1.00 ms'],
    [60_512, '60.5 ms'],
    [99_970, '100 ms'],
    [999_600, '1.00 s'],
    [1_414_000, '1.41 s'],
    [3_600_000_000, '60.0 min'],
    [-250, '-250 µs'],
    [null, '-'],
  ])('%s µs reads %s', (us, text) => {
    expect(formatUs(us)).toBe(text);
  });

  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.000_001, '< 0.01 %'],
    [0.999_999, '> 99.99 %'],
    [0.0031, '0.31 %'],
    [0.9987, '99.87 %'],
    [0.307, '30.7 %'],
  ])('a share of %s reads %s', (share, text) => {
    expect(formatPercent(share)).toBe(text);
  });

  it('configured durations, rates and sizes carry no padding', () => {
    expect([10, 0.25, 1500, 5000, 3_600_000].map(formatDurationMs)).toEqual([
      '10 ms',
      '250 µs',
      '1.5 s',
      '5 s',
      '60 min',
    ]);
    expect([0.1, 999.62, 14_200].map(formatRate)).toEqual(['0.1/s', '999.6/s', '14,200/s']);
    expect([1024, 12_345, 61_400_000].map(formatBytes)).toEqual(['1,024 B', '12.3 kB', '61.4 MB']);
  });
});

describe('quantiles', () => {
  const p99 = { key: 'p99', share: 0.99 } as const;
  const dist = (count: number, failed: number, value: number | null): Dist => ({
    ...{ count, failed, min: 1, mean: 1, stddev: 1, p50: 1, p75: 1, p90: 1, p95: 1 },
    ...{ p99: value, p999: null, p9999: null, max: null, hdr: '' },
  });

  it('say where they fall among failures, and where nobody can know', () => {
    expect(formatQuantile(dist(1000, 0, 2000), p99)).toBe('2.00 ms');
    expect(formatQuantile(dist(980, 20, null), p99)).toBe('> timeout');
    expect(formatQuantile(dist(500, 0, null), p99)).toBe('-');
    expect(formatQuantile(dist(500, 1, null), p99)).toBe('-');
  });
});
