import { z } from 'zod';
import { number, quantity, text } from './leaf.ts';

const quantile = (share: string) => quantity(`µs; ${share} of operations took at most this`);

/** A distribution: quantiles computed once from merged histograms, failures ranked as infinite. */
export const distSchema = z.object({
  count: number('operations with a time'),
  min: quantity('µs'),
  mean: quantity('µs, of those with a time'),
  stddev: quantity('µs, of those with a time'),
  p50: quantile('50 %'),
  p75: quantile('75 %'),
  p90: quantile('90 %'),
  p95: quantile('95 %'),
  p99: quantile('99 %'),
  p999: quantile('99.9 %'),
  p9999: quantile('99.99 %'),
  max: quantity('µs; null when any failed'),
  hdr: text('HdrHistogram V2 compressed, base64, 3 significant digits, µs'),
  failed: number(
    'operations that failed and rank as infinite: with them, a null quantile above `count` means "> timeout"',
  ),
  negative: number('samples below zero, by two clocks: they rank lowest').optional(),
});

/** Microseconds; null when empty, or when a quantile cannot be known (docs/measurement.md). */
export const dist = (meaning: string) => distSchema.describe(meaning);

/** A distribution that some patterns, buses or clocks cannot have. */
export const distOrNull = (meaning: string) => distSchema.nullable().describe(meaning);

export const timesSchema = z.object({
  count: number('how often'),
  p50Ms: number('ms, median'),
  maxMs: number('ms, longest'),
});

/** How often something took a while, and how long; null when it never happened. */
export const timesOrNull = (meaning: string) => timesSchema.nullable().describe(meaning);
