import type { LinkReport, RunResult } from '../../../reports/result.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { busWith } from '../buses.ts';
import { base } from '../resolved.ts';

export const sites = ['paris', 'lyon', 'nice'] as const;
export type SiteName = (typeof sites)[number];

/** One-way delays, ms. */
const delaysMs: Record<string, number> = { 'paris lyon': 10, 'paris nice': 40, 'lyon nice': 20 };
export const seconds = 30;
export const duePerSecond = 1000;

export function delayMs(from: string, to: string): number {
  return delaysMs[`${from} ${to}`] ?? delaysMs[`${to} ${from}`] ?? 0;
}

function links(): LinkReport[] {
  return sites.flatMap((from) =>
    sites
      .filter((to) => to !== from)
      .map((to) => {
        const rttMs = 2 * delayMs(from, to);
        const off = from === 'paris' && to === 'nice' ? 4.6 : 0.24;
        return {
          from,
          to,
          requested: { delayMs: delayMs(from, to), jitterMs: 0, lossPercent: 0, rateMbps: null },
          measured: {
            rttMinMs: rttMs + 0.11,
            rttP50Ms: rttMs + off,
            rttP99Ms: rttMs + off + 1.3,
            probes: 400,
            lossPercent: null,
          },
          withinTolerance: off < 4,
        };
      }),
  );
}

export function wanOf(): RunResult['wan'] {
  const traffic = links().map(({ from, to }, index) => ({
    from,
    to,
    bytes: 3_100_000 + 17_000 * index,
    packets: null,
  }));
  const interSiteBytes = traffic.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    fabric: 'loopback',
    limits: [
      'A relay ends TCP connections at each site: it has no SYN delay, no loss and no slow start.',
    ],
    links: links(),
    traffic,
    interSiteBytes,
    totalBytes: 61_400_000,
    interSiteRatio: interSiteBytes / 61_400_000,
    interSiteRatioReason: null,
  };
}

export function scenario(): ResolvedScenario {
  return {
    ...base,
    name: 'three-sites',
    sites: sites.map((name) => ({ name, hosts: [] })),
    links: links().map(({ from, to, requested }) => ({ from, to, ...requested })),
    bus: busWith('rabbitmq', {}, sites),
    clients: { ...base.clients, count: 300 },
    workload: {
      ...base.workload,
      pace: { kind: 'open', ratePerSecond: duePerSecond, arrivals: 'constant', ramp: [] },
    },
    phases: { ...base.phases, measure: { kind: 'duration', ms: seconds * 1000 } },
    faults: [
      {
        start: { kind: 'at', ms: 10_000 },
        forMs: 2000,
        optional: false,
        action: 'partition',
        target: { kind: 'between', groups: [['paris'], ['lyon']], oneWay: false },
        link: null,
      },
    ],
    expect: ['latency.response.p50 < 50ms', 'outcome.lost == 0', 'latency.response.p999 < 1s'],
  };
}
