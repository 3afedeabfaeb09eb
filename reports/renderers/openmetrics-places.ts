import { requestedRttMs } from '../reconcile/wan.ts';
import type { RunRecord } from '../record.ts';
import type { ProcessReport } from '../result.ts';
import { familyOf, type Value } from './openmetrics-run.ts';
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
  const head = {
    name: 'busbench_locality_ratio',
    type: 'gauge',
    unit: 'ratio',
    help: 'Shares between 0 and 1: served locally, by random choice, fairness, bytes between sites, coverage.',
  } as const;
  return familyOf(record, head, [
    [{ share: 'local' }, seen.localRatio],
    [{ share: 'local_min' }, seen.localRatioMin],
    [{ share: 'local_max' }, seen.localRatioMax],
    [{ share: 'expected_blind' }, seen.expectedBlind],
    [{ share: 'fairness' }, seen.fairness],
    [{ share: 'inter_site_bytes' }, wan.interSiteRatio],
    [{ share: 'coverage_mean' }, fanout?.coverageMean ?? null],
    [{ share: 'coverage_min' }, fanout?.coverageMin ?? null],
  ]);
}

function pairs(record: RunRecord): Family {
  const help = 'Operations by client site and the site that served them.';
  return familyOf(
    record,
    { name: 'busbench_pair_operations', type: 'counter', help },
    record.result.locality.matrix.map(({ client, server, count }) => [{ client, server }, count]),
  );
}

function links(record: RunRecord): Family {
  const { links: all } = record.result.wan;
  return familyOf(
    record,
    {
      name: 'busbench_link_rtt_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Idle round trip between sites, requested and measured.',
    },
    all.flatMap((link): Value[] => {
      const { from, to, measured } = link;
      return [
        [{ from, to, value: 'requested' }, requestedRttMs(link, all) / 1000],
        [{ from, to, value: 'min' }, measured.rttMinMs / 1000],
        [{ from, to, value: 'p50' }, measured.rttP50Ms / 1000],
        [{ from, to, value: 'p99' }, measured.rttP99Ms / 1000],
      ];
    }),
  );
}

function traffic(record: RunRecord): Family {
  return familyOf(
    record,
    {
      name: 'busbench_site_traffic_bytes',
      type: 'counter',
      unit: 'bytes',
      help: 'Bytes from site to site, from the start of measuring to the end of the drain.',
    },
    record.result.wan.traffic.map(({ from, to, bytes }) => [{ from, to }, bytes]),
  );
}

function ofProcesses(
  record: RunRecord,
  head: Omit<Family, 'samples'>,
  value: (process: ProcessReport) => number,
): Family {
  const { processes } = record.result.resources;
  return familyOf(
    record,
    head,
    processes.map((process) => {
      const { name, role, site } = process;
      return [{ process: name, role, site }, value(process)];
    }),
  );
}

function cpu(record: RunRecord): Family {
  const name = 'busbench_process_cpu_seconds';
  const help = 'CPU time of each process.';
  const head = { name, type: 'counter', unit: 'seconds', help } as const;
  return ofProcesses(record, head, ({ cpuSeconds }) => cpuSeconds);
}

function memory(record: RunRecord): Family {
  const name = 'busbench_process_resident_memory_max_bytes';
  const help = 'Largest resident set of each process.';
  const head = { name, type: 'gauge', unit: 'bytes', help } as const;
  return ofProcesses(record, head, ({ rssMaxBytes }) => rssMaxBytes);
}

function sockets(record: RunRecord): Family {
  const name = 'busbench_process_sockets_max';
  const help = 'Most open sockets of each process.';
  return ofProcesses(record, { name, type: 'gauge', help }, ({ socketsMax }) => socketsMax);
}
