import type { RttSample } from '../../../reports/evidence.ts';

/** Round trips this much alike, or within 1 ms, count as the same distance. */
const alikeRatio = 1.05;
const alikeMs = 1;

/**
 * Sites as seen from `from`, by measured median round trip: 0 for its own and any as close, then 1 ... .
 * A site that no sample reaches comes last.
 */
export function siteDistances(
  from: string,
  sites: readonly string[],
  samples: readonly RttSample[],
): ReadonlyMap<string, number> {
  const rttMs = (site: string): number =>
    site === from
      ? 0
      : (samples.find((sample) => sample.from === from && sample.to === site)?.rttP50Ms ??
        Number.POSITIVE_INFINITY);
  const distances = new Map<string, number>();
  let distance = -1;
  let nearestMs = Number.NEGATIVE_INFINITY;
  for (const site of [...sites].sort((a, b) => rttMs(a) - rttMs(b))) {
    if (rttMs(site) > Math.max(nearestMs * alikeRatio, nearestMs + alikeMs)) {
      distance++;
      nearestMs = rttMs(site);
    }
    distances.set(site, distance);
  }
  return distances;
}
