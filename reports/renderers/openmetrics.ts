import { quantileState, quantiles } from '../format.ts';
import type { IntervalRow, RunRecord } from '../record.ts';
import type { Dist, RunResult } from '../result.ts';
import { requestedRttMs } from '../sections/wan.ts';
import { type Family, type Sample, writeOpenMetrics } from './openmetrics-text.ts';
import type { Renderer } from './renderer.ts';

/**
 * OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` takes it: what belongs to
 * the whole run is stamped with its end, intervals with the start of the run plus their second.
 */
export const openmetricsRenderer: Renderer = {
  name: 'openmetrics',
  extension: 'openmetrics',
  render(records) {
    return writeOpenMetrics(makers.map((make) => joined(records.map(make))));
  },
};

type Labels = Readonly<Record<string, string>>;
type Value = readonly [labels: Labels, value: number | null];

/** One family over all records: a family must not be interleaved with another. */
const makers: readonly ((record: RunRecord) => Family)[] = [
  info,
  operations,
  failures,
  messages,
  rates,
  latencies,
  locality,
  pairs,
  links,
  traffic,
  cpu,
  memory,
  sockets,
  recoveries,
  expectations,
  intervals,
  intervalTimes,
];

function joined(families: readonly Family[]): Family {
  const [first, ...others] = families;
  if (first === undefined) return { name: 'busbench', type: 'gauge', help: '', samples: [] };
  return { ...first, samples: [first, ...others].flatMap(({ samples }) => samples) };
}

/** Samples of a whole run: labelled with the run, stamped with its end, unknown values left out. */
function atEnd(
  { result }: RunRecord,
  values: readonly Value[],
  suffix?: Sample['suffix'],
): Sample[] {
  const atSeconds = (Date.parse(result.startedAt) + result.durationMs) / 1000;
  return values.flatMap(([labels, value]) =>
    value === null
      ? []
      : [
          {
            labels: { ...runLabels(result), ...labels },
            value,
            atSeconds,
            ...(suffix === undefined ? {} : { suffix }),
          },
        ],
  );
}

function runLabels({ name, startedAt }: RunResult): Labels {
  return { run: name, started: startedAt };
}

function info(record: RunRecord): Family {
  const { workload, bus, wan, scenario, verdict } = record.result;
  const labels = {
    pattern: workload.pattern,
    bus: bus.type,
    fabric: wan.fabric,
    guarantee: scenario.guarantee,
    status: verdict.status,
  };
  return {
    name: 'busbench_run',
    type: 'info',
    help: 'What was run and its verdict.',
    samples: atEnd(record, [[labels, 1]], '_info'),
  };
}

function operations(record: RunRecord): Family {
  const { due, completed, failedTotal } = record.result.outcome;
  return {
    name: 'busbench_operations',
    type: 'counter',
    help: 'Operations of the measuring window; due = completed + failed.',
    samples: atEnd(
      record,
      [
        [{ state: 'due' }, due],
        [{ state: 'completed' }, completed],
        [{ state: 'failed' }, failedTotal],
      ],
      '_total',
    ),
  };
}

function failures(record: RunRecord): Family {
  const classes = Object.entries(record.result.outcome.failed);
  return {
    name: 'busbench_failures',
    type: 'counter',
    help: 'Failed operations by class.',
    samples: atEnd(
      record,
      classes.map(([name, count]): Value => [{ class: name }, count]),
      '_total',
    ),
  };
}

function messages(record: RunRecord): Family {
  const { outcome } = record.result;
  const fates = {
    sent: outcome.sent,
    delivered: outcome.delivered,
    expected: outcome.expectedDeliveries,
    late: outcome.late,
    lost: outcome.lost,
    lost_reply: outcome.lostReplies,
    duplicated: outcome.duplicated,
    redelivered: outcome.redelivered,
    reordered: outcome.reordered,
    unroutable: outcome.unroutable,
    unknown: outcome.unknown,
  };
  return {
    name: 'busbench_messages',
    type: 'counter',
    help: 'What became of the messages.',
    samples: atEnd(
      record,
      Object.entries(fates).map(([fate, count]): Value => [{ fate }, count]),
      '_total',
    ),
  };
}

function rates(record: RunRecord): Family {
  const { offeredPerSecond, achievedPerSecond } = record.result.workload;
  return {
    name: 'busbench_operations_per_second',
    type: 'gauge',
    help: 'Offered and achieved rate over the measuring window.',
    samples: atEnd(record, [
      [{ rate: 'offered' }, offeredPerSecond],
      [{ rate: 'achieved' }, achievedPerSecond],
    ]),
  };
}

function latencies(record: RunRecord): Family {
  const { clockUncertaintyUs: _, negativeSamples: __, ...kinds } = record.result.latencyUs;
  const samples = Object.entries(kinds).flatMap(([kind, dist]) =>
    dist === null ? [] : summary(record, kind, dist),
  );
  return {
    name: 'busbench_latency_seconds',
    type: 'summary',
    unit: 'seconds',
    help: 'Latency by kind; a quantile among failed operations is +Inf, one not known is NaN.',
    samples,
  };
}

function summary(record: RunRecord, kind: string, dist: Dist): Sample[] {
  const values = quantiles.map((quantile): Value => {
    const us = dist[quantile.key];
    const beyond =
      quantileState(dist, quantile) === 'failed' ? Number.POSITIVE_INFINITY : Number.NaN;
    return [{ kind, quantile: String(quantile.share) }, us === null ? beyond : us / 1e6];
  });
  return [
    ...atEnd(record, values),
    ...atEnd(record, [[{ kind }, dist.count]], '_count'),
    ...atEnd(record, [[{ kind }, ((dist.mean ?? 0) * dist.count) / 1e6]], '_sum'),
  ];
}

function locality(record: RunRecord): Family {
  const { locality: seen, wan, fanout } = record.result;
  return {
    name: 'busbench_locality_ratio',
    type: 'gauge',
    unit: 'ratio',
    help: 'Shares between 0 and 1: served locally, by random choice, fairness, bytes between sites, coverage.',
    samples: atEnd(record, [
      [{ share: 'local' }, seen.localRatio],
      [{ share: 'local_min' }, seen.localRatioMin],
      [{ share: 'local_max' }, seen.localRatioMax],
      [{ share: 'expected_blind' }, seen.expectedBlind],
      [{ share: 'fairness' }, seen.fairness],
      [{ share: 'inter_site_bytes' }, wan.interSiteRatio],
      [{ share: 'coverage_mean' }, fanout?.coverageMean ?? null],
      [{ share: 'coverage_min' }, fanout?.coverageMin ?? null],
    ]),
  };
}

function pairs(record: RunRecord): Family {
  return {
    name: 'busbench_pair_operations',
    type: 'counter',
    help: 'Operations by client site and the site that served them.',
    samples: atEnd(
      record,
      record.result.locality.matrix.map(
        ({ client, server, count }): Value => [{ client, server }, count],
      ),
      '_total',
    ),
  };
}

function links(record: RunRecord): Family {
  const { links: all } = record.result.wan;
  return {
    name: 'busbench_link_rtt_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Idle round trip between sites, requested and measured.',
    samples: atEnd(
      record,
      all.flatMap((link): Value[] => {
        const { from, to, measured } = link;
        return [
          [{ from, to, value: 'requested' }, requestedRttMs(link, all) / 1000],
          [{ from, to, value: 'min' }, measured.rttMinMs / 1000],
          [{ from, to, value: 'p50' }, measured.rttP50Ms / 1000],
          [{ from, to, value: 'p99' }, measured.rttP99Ms / 1000],
        ];
      }),
    ),
  };
}

function traffic(record: RunRecord): Family {
  return {
    name: 'busbench_site_traffic_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes from site to site during the measuring window.',
    samples: atEnd(
      record,
      record.result.wan.traffic.map(({ from, to, bytes }): Value => [{ from, to }, bytes]),
      '_total',
    ),
  };
}

type Process = RunResult['resources']['processes'][number];

function ofProcesses(record: RunRecord, value: (process: Process) => number): Value[] {
  return record.result.resources.processes.map((process): Value => {
    const { name, role, site } = process;
    return [{ process: name, role, site }, value(process)];
  });
}

function cpu(record: RunRecord): Family {
  return {
    name: 'busbench_process_cpu_seconds',
    type: 'counter',
    unit: 'seconds',
    help: 'CPU time of each process.',
    samples: atEnd(
      record,
      ofProcesses(record, ({ cpuSeconds }) => cpuSeconds),
      '_total',
    ),
  };
}

function memory(record: RunRecord): Family {
  return {
    name: 'busbench_process_resident_memory_max_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Largest resident set of each process.',
    samples: atEnd(
      record,
      ofProcesses(record, ({ rssMaxBytes }) => rssMaxBytes),
    ),
  };
}

function sockets(record: RunRecord): Family {
  return {
    name: 'busbench_process_sockets_max',
    type: 'gauge',
    help: 'Most open sockets of each process.',
    samples: atEnd(
      record,
      ofProcesses(record, ({ socketsMax }) => socketsMax),
    ),
  };
}

function recoveries(record: RunRecord): Family {
  return {
    name: 'busbench_fault_recovery_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time from heal or respawn until the service was as good as before; absent if that was not seen.',
    samples: atEnd(
      record,
      record.result.faults.map(
        ({ action, target, recoveredMs }, index): Value => [
          { fault: String(index), action, target },
          recoveredMs === null ? null : recoveredMs / 1000,
        ],
      ),
    ),
  };
}

function expectations(record: RunRecord): Family {
  return {
    name: 'busbench_expectation_met',
    type: 'gauge',
    help: '1 where an expectation of the scenario was met, 0 where it was missed.',
    samples: atEnd(
      record,
      record.result.verdict.expectations.map(
        ({ expression, met }): Value => [{ expression }, Number(met)],
      ),
    ),
  };
}

/** One series after the other, each in the order of time, as the format asks for. */
function series(
  { result, intervals: rows }: RunRecord,
  columns: readonly (readonly [labels: Labels, value: (row: IntervalRow) => number | null])[],
): Sample[] {
  const sites = [...new Set(rows.map(({ site }) => site))];
  const startSeconds = Date.parse(result.startedAt) / 1000;
  return sites.flatMap((site) =>
    columns.flatMap(([labels, pick]) =>
      rows.flatMap((row) => {
        const value = row.site === site ? pick(row) : null;
        if (value === null) return [];
        const atSeconds = startSeconds + row.second;
        return [{ labels: { ...runLabels(result), site, ...labels }, value, atSeconds }];
      }),
    ),
  );
}

function intervals(record: RunRecord): Family {
  return {
    name: 'busbench_interval_operations',
    type: 'gauge',
    help: 'Operations due in each second of the measuring window, by client site and fate.',
    samples: series(record, [
      [{ state: 'due' }, ({ due }) => due],
      [{ state: 'done' }, ({ done }) => done],
      [{ state: 'failed' }, ({ failed }) => failed],
    ]),
  };
}

function intervalTimes(record: RunRecord): Family {
  const seconds = (us: number | null): number | null => (us === null ? null : us / 1e6);
  return {
    name: 'busbench_interval_latency_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Latency of the operations due in each second, by client site.',
    samples: series(record, [
      [{ kind: 'response', value: 'p50' }, ({ responseP50Us }) => seconds(responseP50Us)],
      [{ kind: 'response', value: 'p99' }, ({ responseP99Us }) => seconds(responseP99Us)],
      [{ kind: 'response', value: 'max' }, ({ responseMaxUs }) => seconds(responseMaxUs)],
      [{ kind: 'service', value: 'p99' }, ({ serviceP99Us }) => seconds(serviceP99Us)],
    ]),
  };
}
