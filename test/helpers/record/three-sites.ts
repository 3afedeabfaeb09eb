import type { RttSample, WanEvidence } from '../../../reports/evidence.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { busWith } from '../buses.ts';
import { base } from '../resolved.ts';

export const sites = ['paris', 'lyon', 'nice'] as const;
export type SiteName = (typeof sites)[number];

/** One-way delays, ms. */
const delaysMs: Record<string, number> = { 'paris lyon': 10, 'paris nice': 40, 'lyon nice': 20 };
export const seconds = 30;
export const duePerSecond = 1000;
export const clientCount = 300;

export function delayMs(from: string, to: string): number {
  return delaysMs[`${from} ${to}`] ?? delaysMs[`${to} ${from}`] ?? 0;
}

/** Idle round trips of every two sites; those from paris to nice were longer than they should be. */
function roundTrips(): RttSample[] {
  return pairs().map(({ from, to }) => {
    const rttMs = 2 * delayMs(from, to);
    const offMs = from === 'paris' && to === 'nice' ? 4.6 : 0.24;
    return {
      from,
      to,
      rttMinMs: rttMs + 0.11,
      rttP50Ms: rttMs + offMs,
      rttP99Ms: rttMs + offMs + 1.3,
      probes: 200,
      lostProbes: null,
    };
  });
}

function pairs(): { readonly from: SiteName; readonly to: SiteName }[] {
  return sites.flatMap((from) => sites.filter((to) => to !== from).map((to) => ({ from, to })));
}

/** What the network was asked about before, during and after. */
export function wanEvidence(): WanEvidence {
  return {
    fabric: 'loopback',
    limits: [
      'A relay ends TCP connections at each site: it has no SYN delay, no loss and no slow start.',
    ],
    before: roundTrips(),
    after: roundTrips(),
    traffic: pairs().map((pair, index) => {
      return { ...pair, bytes: 3_100_000 + 17_000 * index, packets: null };
    }),
    inSiteBytes: null,
    inSiteReason: 'a relay sees no bytes inside a site',
  };
}

export function scenario(): ResolvedScenario {
  return {
    ...base,
    name: 'three-sites',
    sites: sites.map((name) => ({ name, hosts: [] })),
    links: pairs().map(({ from, to }) => {
      const shape = { jitterMs: 0, lossPercent: 0, rateMbps: null };
      return { from, to, delayMs: delayMs(from, to), ...shape };
    }),
    bus: busWith('rabbitmq', {}, sites),
    clients: { ...base.clients, count: clientCount },
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
