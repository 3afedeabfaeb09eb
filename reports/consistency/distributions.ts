import { recomputed } from '../reconcile/dist.ts';
import type { RunRecord } from '../record.ts';
import type { Dist, RunResult } from '../result.ts';
import { type Contradiction, same, total, within } from './law.ts';

/** Every number of a distribution is what its own histogram says, by the rules of percentiles and failures. */
export function* distributionLaw({ result }: RunRecord): Generator<Contradiction> {
  const all = distributionsOf(result);
  for (const [where, dist] of all) yield* histogramLaw(where, dist);
  const { negativeSamples } = result.latencyUs;
  const known = total(all.map(([, { negative = 0 }]) => negative));
  const bounds = [known, Number.POSITIVE_INFINITY] as const;
  const from = 'sum of `negative`, transit left out';
  yield* within('latencyUs.negativeSamples', negativeSamples, bounds, from);
}

/** All of a result, by path. */
export function distributionsOf({ latencyUs, toolkit }: RunResult): (readonly [string, Dist])[] {
  const latencies = Object.entries(latencyUs).flatMap(([kind, dist]) =>
    typeof dist === 'object' && dist !== null ? [[`latencyUs.${kind}`, dist] as const] : [],
  );
  return [...latencies, ['toolkit.eventLoopDelayUs', toolkit.eventLoopDelayUs]];
}

function* histogramLaw(where: string, dist: Dist): Generator<Contradiction> {
  let own: Dist;
  try {
    own = recomputed(dist);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    yield { where: `${where}.hdr`, expected: 'an HdrHistogram (V2, compressed, base64)', got };
    return;
  }
  for (const name of ['failed', 'negative'] as const) {
    const got = dist[name] ?? 0;
    if (Number.isInteger(got) && got >= 0) continue;
    yield { where: `${where}.${name}`, expected: 'a whole number', got: String(got) };
  }
  yield* same(`${where}.count`, dist.count, own.count, 'samples in its hdr');
  // Older results do not count the samples below zero, which move every rank.
  if (dist.negative === undefined && dist.count > 0 && dist.min === null) return;
  const numbers = [
    'min',
    'mean',
    'stddev',
    'p50',
    'p75',
    'p90',
    'p95',
    'p99',
    'p999',
    'p9999',
    'max',
  ] as const;
  for (const name of numbers) {
    // Older results have the largest sample itself, and not its bucket's highest value.
    if (name === 'max' && dist.negative === undefined) continue;
    yield* same(`${where}.${name}`, dist[name], own[name], `its hdr, ${dist.failed} failed`);
  }
}
