/** A rate that changes over time, and its inverse: when the n-th operation of all clients is due. */
export interface RateCurve {
  /** µs after the start at which `count` operations (a real number) have become due; Infinity if they never do. */
  dueUs(count: number): number;
}

interface Segment {
  readonly fromUs: number;
  readonly lengthUs: number;
  /** Operations due before the segment. */
  readonly before: number;
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
}

/**
 * `ratePerSecond` up to `rampFromUs` (µs after the start), then straight lines one after the other; the last rate
 * holds for ever. The integral of a line is a parabola, whose inverse is taken in the form that does not cancel.
 */
export function rateCurve(
  ratePerSecond: number,
  ramp: readonly { readonly toPerSecond: number; readonly overMs: number }[],
  rampFromUs: number,
): RateCurve {
  const segments: Segment[] = [];
  let fromUs = 0;
  let before = 0;
  let rate = ratePerSecond;
  const append = (lengthUs: number, toPerSecond: number): void => {
    segments.push({ fromUs, lengthUs, before, fromPerSecond: rate, toPerSecond });
    before += ((rate + toPerSecond) / 2) * (lengthUs / 1e6);
    fromUs += lengthUs;
    rate = toPerSecond;
  };
  if (ramp.length > 0) append(rampFromUs, rate);
  for (const { toPerSecond, overMs } of ramp) append(overMs * 1e3, toPerSecond);
  segments.push({
    fromUs,
    lengthUs: Number.POSITIVE_INFINITY,
    before,
    fromPerSecond: rate,
    toPerSecond: rate,
  });
  return { dueUs: (count) => dueIn(segmentOf(segments, count), count) };
}

function segmentOf(segments: readonly Segment[], count: number): Segment | undefined {
  let found = segments[0];
  for (const segment of segments) if (segment.before <= count) found = segment;
  return found;
}

function dueIn(segment: Segment | undefined, count: number): number {
  if (segment === undefined) return Number.POSITIVE_INFINITY;
  const { fromUs, lengthUs, before, fromPerSecond, toPerSecond } = segment;
  const rest = count - before;
  if (fromPerSecond === toPerSecond) {
    if (fromPerSecond > 0) return fromUs + (rest * 1e6) / fromPerSecond;
    return Number.POSITIVE_INFINITY;
  }
  if (rest === 0) return fromUs;
  const perSecond2 = (toPerSecond - fromPerSecond) / (lengthUs / 1e6);
  // Rounding at the end of a line that falls to zero may leave a discriminant just below it.
  const root = Math.sqrt(Math.max(0, fromPerSecond ** 2 + 2 * perSecond2 * rest));
  return fromUs + (2e6 * rest) / (fromPerSecond + root);
}
