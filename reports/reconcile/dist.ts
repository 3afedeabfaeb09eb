import hdr, { JsHistogram } from 'hdr-histogram-js';
import type { Dist } from '../result.ts';

/** Latencies in µs with the samples that a histogram cannot hold. */
export interface Samples {
  readonly histogram: JsHistogram;
  /** Samples below zero (two clocks disagreed): they rank below every recorded one. */
  readonly negative: number;
}

/** What agents send: a histogram (V2 compressed, base64; empty or null when nothing was recorded). */
export interface EncodedSamples {
  readonly hdr: string | null;
  readonly negative: number;
}

/** Quantiles of a Dist in parts of 10 000, so that ranks are exact integers. */
const quantiles = {
  p50: 5000,
  p75: 7500,
  p90: 9000,
  p95: 9500,
  p99: 9900,
  p999: 9990,
  p9999: 9999,
} as const;

/** A quantile with fewer samples than this beyond it is null. */
const samplesBeyond = 10;

const highestUs = 2 ** 32 - 1;

/** An empty histogram of 1 µs to 71 minutes that grows where it must. */
export function emptyHistogram(): JsHistogram {
  const histogram = hdr.build({
    bitBucketSize: 64,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestUs,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  if (histogram instanceof JsHistogram) return histogram;
  throw new TypeError('hdr-histogram-js gave no plain histogram');
}

/** Sums what several processes recorded; the order does not matter. Keeps the coarsest precision among them. */
export function mergeSamples(parts: Iterable<EncodedSamples>): Samples {
  let merged: JsHistogram | null = null;
  let negative = 0;
  for (const part of parts) {
    negative += part.negative;
    if (part.hdr === null || part.hdr === '') continue;
    const histogram = decodeHistogram(part.hdr);
    merged = merged === null ? histogram : addFinerToCoarser(merged, histogram);
  }
  return { histogram: merged ?? emptyHistogram(), negative };
}

/** Both are ours to change. */
function addFinerToCoarser(a: JsHistogram, b: JsHistogram): JsHistogram {
  const isCoarser = b.numberOfSignificantValueDigits < a.numberOfSignificantValueDigits;
  const [coarser, finer] = isCoarser ? [b, a] : [a, b];
  coarser.autoResize = true;
  coarser.add(finer);
  return coarser;
}

/** The compact form of samples: what is kept by the thousand is kept so, at 0.5 kB instead of 190. */
export function encodeSamples({ histogram, negative }: Samples): EncodedSamples {
  return { hdr: histogram.totalCount === 0 ? null : encodeHistogram(histogram), negative };
}

function decodeHistogram(encoded: string): JsHistogram {
  const histogram = hdr.decodeFromCompressedBase64(encoded, 64);
  if (histogram instanceof JsHistogram) return histogram;
  throw new TypeError('hdr-histogram-js gave no plain histogram');
}

export function encodeHistogram(histogram: JsHistogram): string {
  return hdr.encodeIntoCompressedBase64(histogram);
}

/**
 * The Dist of completed operations together with `failed` ones, which rank as infinite.
 * Quantiles by nearest rank, ceil(q n) of n = negative + recorded + failed; null when that one is not a recorded
 * sample, or when fewer than 10 samples lie beyond it. min, max, mean and stddev need no such number: mean and
 * stddev (of the population, as HdrHistogram's) are of the recorded samples; max is null as soon as one
 * failed; a negative sample makes min, mean and stddev null, for they would be too high without it.
 */
export function distOf(samples: Samples, failed = 0): Dist {
  const { histogram, negative } = samples;
  const count = histogram.totalCount;
  const total = negative + count + failed;
  const wanted = Object.values(quantiles).map((parts) => rankOf(parts, total));
  const values = valuesAtRanks(
    histogram,
    wanted.map((rank) => (total - rank < samplesBeyond ? 0 : rank - negative)),
  );
  const [p50 = null, p75 = null, p90 = null, p95 = null, p99 = null, p999 = null, p9999 = null] =
    values;
  const complete = count > 0 && negative === 0;
  const { mean, stddev } = momentsOf(histogram);
  return {
    count,
    min: complete ? histogram.getValueAtPercentile(0) : null,
    mean: complete ? mean : null,
    stddev: complete ? stddev : null,
    p50,
    p75,
    p90,
    p95,
    p99,
    p999,
    p9999,
    max: count > 0 && failed === 0 ? largestUs(histogram) : null,
    hdr: encodeHistogram(histogram),
    failed,
    negative,
  };
}

/** What a Dist's own histogram makes of it. Throws when `hdr` is no histogram. */
export function recomputed({ hdr: encoded, failed, negative = 0 }: Dist): Dist {
  return distOf(mergeSamples([{ hdr: encoded, negative }]), failed);
}

/**
 * One quantile by nearest rank, failures infinite. `beyond` is how many samples must lie above it: 10 for a number
 * that is reported, 0 where it only decides something within the run.
 */
export function quantileUs(
  samples: Samples,
  failed: number,
  parts: number,
  beyond: number = samplesBeyond,
): number | null {
  const total = samples.negative + samples.histogram.totalCount + failed;
  const rank = rankOf(parts, total);
  if (total - rank < beyond) return null;
  return valuesAtRanks(samples.histogram, [rank - samples.negative])[0] ?? null;
}

/**
 * The largest sample, as far as its histogram tells: a bucket's highest value, as all quantiles are. A histogram that was
 * encoded knows no more, and a report made again must say the same.
 */
export function largestUs(histogram: JsHistogram): number {
  return histogram.highestEquivalentValue(histogram.maxValue);
}

/** Largest recorded sample, null when there is none or one failed. */
export function maxUs(samples: Samples, failed: number): number | null {
  return samples.histogram.totalCount > 0 && failed === 0 ? largestUs(samples.histogram) : null;
}

/** As HdrHistogram's own, in two passes over the counts instead of three over iterators that are slow. */
function momentsOf(histogram: JsHistogram): { readonly mean: number; readonly stddev: number } {
  const total = histogram.totalCount;
  const buckets: (readonly [value: number, count: number])[] = [];
  for (let index = 0, seen = 0; seen < total; index++) {
    const count = histogram.getCountAtIndex(index);
    if (count === 0) continue;
    seen += count;
    buckets.push([histogram.medianEquivalentValue(histogram.valueFromIndex(index)), count]);
  }
  const average = (of: (value: number) => number): number =>
    buckets.reduce((sum, [value, count]) => sum + of(value) * count, 0) / total;
  const mean = average((value) => value);
  return { mean, stddev: Math.sqrt(average((value) => (value - mean) ** 2)) };
}

function rankOf(parts: number, total: number): number {
  return Math.max(1, Math.ceil((total * parts) / 10_000));
}

/** Values (a bucket's highest, as HdrHistogram reports them) at ascending ranks from 1; null outside 1 .. count. */
function valuesAtRanks(histogram: JsHistogram, ranks: readonly number[]): (number | null)[] {
  const values: (number | null)[] = ranks.map(() => null);
  let seen = 0;
  let index = -1;
  for (const [at, rank] of ranks.entries()) {
    if (rank < 1 || rank > histogram.totalCount) continue;
    while (seen < rank) seen += histogram.getCountAtIndex(++index);
    values[at] = histogram.highestEquivalentValue(histogram.valueFromIndex(index));
  }
  return values;
}
