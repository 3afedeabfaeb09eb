import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { seededNumbers } from '../../../reports/reconcile/random.ts';
import type { IntervalRow, TaggedHistogram } from '../../../reports/record.ts';
import type { Dist } from '../../../reports/result.ts';
import { delayMs, duePerSecond, type SiteName, seconds, sites } from './three-sites.ts';

function histogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });
}

export function dist(from: Histogram, failed = 0): Dist {
  const { totalCount: count } = from;
  const ranked = count + failed;
  const quantile = (share: number): number | null => {
    const rank = Math.ceil(share * ranked);
    if (rank > count || ranked - rank < 10) return null;
    return from.getValueAtPercentile((100 * rank) / count);
  };
  return {
    count,
    min: count === 0 ? null : from.getValueAtPercentile(0),
    mean: count === 0 ? null : from.mean,
    stddev: count === 0 ? null : from.stdDeviation,
    p50: quantile(0.5),
    p75: quantile(0.75),
    p90: quantile(0.9),
    p95: quantile(0.95),
    p99: quantile(0.99),
    p999: quantile(0.999),
    p9999: quantile(0.9999),
    max: count === 0 || failed > 0 ? null : from.maxValue,
    hdr: encodeIntoCompressedBase64(from),
    failed,
  };
}

export interface Measured {
  readonly response: Histogram;
  readonly service: Histogram;
  readonly agentDelay: Histogram;
  readonly busDelay: Histogram;
  readonly pairs: Map<string, Histogram>;
  readonly failed: Record<string, number>;
  readonly intervals: IntervalRow[];
  readonly tagged: TaggedHistogram[];
}

/** Runs the imaginary 30 seconds. */
export function measure(): Measured {
  const random = seededNumbers(7);
  const measured: Measured = {
    response: histogram(),
    service: histogram(),
    agentDelay: histogram(),
    busDelay: histogram(),
    pairs: new Map(),
    failed: { timeout: 0, unroutable: 0 },
    intervals: [],
    tagged: [],
  };
  for (let second = 0; second < seconds; second += 1) {
    for (const [index, site] of sites.entries()) {
      const due = Math.floor(duePerSecond / 3) + (index < duePerSecond % 3 ? 1 : 0);
      measureSecond(measured, random, second, site, due);
    }
  }
  return measured;
}

function measureSecond(
  measured: Measured,
  random: () => number,
  second: number,
  site: SiteName,
  due: number,
): void {
  const response = histogram();
  const service = histogram();
  let failed = 0;
  for (let k = 0; k < due; k += 1) {
    const server = random() < 0.62 ? site : (sites[Math.floor(random() * 3)] ?? site);
    const cut =
      (second === 10 || second === 11) && site !== server && site !== 'nice' && server !== 'nice';
    if (cut && random() < 0.55) {
      failed += 1;
      const name = random() < 0.9 ? 'timeout' : 'unroutable';
      measured.failed[name] = (measured.failed[name] ?? 0) + 1;
      continue;
    }
    const tailUs = 300 * (1 / (1 - random()) ** 0.45 - 1);
    const serviceUs = Math.round(2000 * delayMs(site, server) + 420 + 250 * random() + tailUs);
    const agentUs = Math.round(15 + 60 * random());
    const busUs = Math.round(4 + 20 * random() + (cut ? 900_000 * random() : 0));
    measured.agentDelay.recordValue(agentUs);
    measured.busDelay.recordValue(busUs);
    for (const into of [service, measured.service, pairOf(measured, site, server)])
      into.recordValue(serviceUs);
    for (const into of [response, measured.response]) into.recordValue(serviceUs + agentUs + busUs);
  }
  const whole = dist(response, failed);
  measured.intervals.push({
    second,
    site,
    due,
    done: due - failed,
    failed,
    responseP50Us: whole.p50,
    responseP99Us: null,
    responseMaxUs: failed > 0 ? null : response.maxValue,
    serviceP99Us: null,
    ...(failed === 0
      ? {
          responseP99Us: response.getValueAtPercentile(99),
          serviceP99Us: service.getValueAtPercentile(99),
        }
      : {}),
  });
  for (const [kind, from] of [
    ['response', response],
    ['service', service],
  ] as const) {
    measured.tagged.push({
      tag: `${kind}.${site}`,
      startSeconds: second,
      lengthSeconds: 1,
      maxUs: from.maxValue,
      hdr: encodeIntoCompressedBase64(from),
    });
  }
}

export function pairOf({ pairs }: Measured, client: string, server: string): Histogram {
  const key = `${client} ${server}`;
  const found = pairs.get(key) ?? histogram();
  pairs.set(key, found);
  return found;
}

export function halved(from: Histogram): Histogram {
  const into = histogram();
  for (let at = 0.5; at < 100; at += 0.1)
    into.recordValueWithCount(Math.round(from.getValueAtPercentile(at) / 2), 30);
  return into;
}

export function constant(valueUs: number, count: number): Histogram {
  const into = histogram();
  into.recordValueWithCount(valueUs, count);
  return into;
}
