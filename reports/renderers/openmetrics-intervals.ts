import { measuringSince } from '../reconcile/workload.ts';
import type { IntervalRow, RunRecord } from '../record.ts';
import { type Labels, runLabels } from './openmetrics-run.ts';
import type { Family, Sample } from './openmetrics-text.ts';

/** Each second of the window as a point of a time series. */
export const intervalFamilies: readonly ((record: RunRecord) => Family)[] = [
  intervals,
  intervalTimes,
];

/** One series after the other, each in the order of time, as the format asks for. */
function series(
  { result, intervals: rows }: RunRecord,
  columns: readonly (readonly [labels: Labels, value: (row: IntervalRow) => number | null])[],
): Sample[] {
  const sites = [...new Set(rows.map(({ site }) => site))];
  const startSeconds = measuringSince(result).getTime() / 1000;
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
