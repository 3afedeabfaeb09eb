import type { RunRecord } from '../record.ts';
import type { RunResult } from '../result.ts';
import { requestedRttMs } from '../sections/wan.ts';
import { atEnd, type Value } from './openmetrics-run.ts';
import type { Family } from './openmetrics-text.ts';

/** What was seen of places: sites, the links between them, processes. */
export const placeFamilies: readonly ((record: RunRecord) => Family)[] = [
  locality,
  pairs,
  links,
  traffic,
  cpu,
  memory,
  sockets,
];

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
