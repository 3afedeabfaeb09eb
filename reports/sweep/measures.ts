import {
  formatBytes,
  formatNumber,
  formatPercent,
  formatRate,
  formatRatio,
  formatUs,
  quantileState,
} from '../format.ts';
import type { ProcessReport, RunResult } from '../result.ts';

/** One number that sweeps are compared by. */
export interface Measure {
  readonly id: string;
  readonly title: string;
  /** For tables and the columns of points.csv: short, with its unit. */
  readonly short: string;
  readonly kind: 'duration' | 'rate' | 'share' | 'percent' | 'bytes' | 'count';
  /** Null where a result cannot know it. */
  of(result: RunResult): number | null;
  /** True where `of` is null because the value lies among failures. */
  beyond(result: RunResult): boolean;
}

/** For measures that failures cannot hide. */
const never = (): boolean => false;

function quantile(key: 'p50' | 'p99', share: number): Pick<Measure, 'of' | 'beyond' | 'kind'> {
  return {
    kind: 'duration',
    of: ({ latencyUs }) => latencyUs.response[key],
    beyond: ({ latencyUs }) => quantileState(latencyUs.response, { key, share }) === 'failed',
  };
}

/** Over the bus's own processes, all nodes together; null where the bus has none. */
function ofBus(pick: (process: ProcessReport) => number): Measure['of'] {
  return ({ resources }) => {
    const nodes = resources.processes.filter(({ role }) => role === 'bus');
    return nodes.length === 0 ? null : nodes.reduce((sum, node) => sum + pick(node), 0);
  };
}

/** In the order in which a reader asks for them. */
export const measures: readonly Measure[] = [
  {
    id: 'p50',
    title: 'Response time, median',
    short: 'p50',
    ...quantile('p50', 0.5),
  },
  {
    id: 'p99',
    title: 'Response time, 99th percentile',
    short: 'p99',
    ...quantile('p99', 0.99),
  },
  {
    id: 'rate',
    title: 'Rate achieved',
    short: 'rate',
    kind: 'rate',
    of: ({ workload }) => workload.achievedPerSecond,
    beyond: never,
  },
  {
    id: 'failed',
    title: 'Operations failed',
    short: 'failed',
    kind: 'share',
    of: ({ outcome }) => (outcome.due === 0 ? null : outcome.failedTotal / outcome.due),
    beyond: never,
  },
  {
    id: 'localRatio',
    title: 'Local ratio: served at the own site',
    short: 'local ratio',
    kind: 'share',
    of: ({ locality }) => locality.localRatio,
    beyond: never,
  },
  {
    id: 'interSiteRatio',
    title: 'Inter-site ratio: bytes that crossed sites',
    short: 'inter-site',
    kind: 'share',
    of: ({ wan }) => wan.interSiteRatio,
    beyond: never,
  },
  {
    id: 'interSiteBytes',
    title: 'Bytes between sites, an operation',
    short: 'WAN bytes/op',
    kind: 'bytes',
    of: ({ wan, outcome }) =>
      outcome.due === 0 || wan.interSiteBytes === null ? null : wan.interSiteBytes / outcome.due,
    beyond: never,
  },
  {
    id: 'busCpuPercent',
    title: 'CPU of the bus, all nodes',
    short: 'bus CPU',
    kind: 'percent',
    of: ofBus(({ cpuPercentMean }) => cpuPercentMean),
    beyond: never,
  },
  {
    id: 'busiestNodePercent',
    title: 'CPU of the busiest bus node',
    short: 'busiest node',
    kind: 'percent',
    of: ({ resources }) => {
      const nodes = resources.processes.filter(({ role }) => role === 'bus');
      return nodes.length === 0 ? null : Math.max(...nodes.map((node) => node.cpuPercentMean));
    },
    beyond: never,
  },
  {
    id: 'busRssBytes',
    title: 'Memory of the bus, all nodes',
    short: 'bus memory',
    kind: 'bytes',
    of: ofBus(({ rssMaxBytes }) => rssMaxBytes),
    beyond: never,
  },
  {
    id: 'busSockets',
    title: 'Sockets of the bus, all nodes',
    short: 'bus sockets',
    kind: 'count',
    of: ofBus(({ socketsMax }) => socketsMax),
    beyond: never,
  },
  {
    id: 'agentCpuUs',
    title: 'CPU of the agents, an operation',
    short: 'agent CPU/op',
    kind: 'duration',
    of: ({ toolkit }) => toolkit.agentCpuUsPerOperation,
    beyond: never,
  },
];

/** `12.3 ms`, `450/s`, `33.3 %`. */
export function formatMeasure(value: number, kind: Measure['kind']): string {
  switch (kind) {
    case 'duration':
      return formatUs(value);
    case 'rate':
      return formatRate(value);
    case 'share':
      return formatPercent(value);
    case 'percent':
      return `${value < 10 ? formatRatio(value).slice(0, -1) : value.toFixed(0)} %`;
    case 'bytes':
      return formatBytes(Math.round(value));
    case 'count':
      return formatNumber(value);
  }
}
