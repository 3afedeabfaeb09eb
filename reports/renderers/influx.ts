import { flattenResult } from '../flatten.ts';
import { measuringSince } from '../reconcile/workload.ts';
import type { RunRecord } from '../record.ts';
import type { Dist } from '../result.ts';
import type { Renderer } from './renderer.ts';

/**
 * InfluxDB line protocol, nanoseconds. What belongs to the whole run is stamped with its end, intervals with the
 * start of measuring plus their second. All numbers are floats, so that a field never changes its type.
 */
export const influxRenderer: Renderer = {
  name: 'influx',
  extension: 'influx',
  render(records) {
    return records
      .flatMap(pointsOf)
      .map((point) => `${lineOf(point)}\n`)
      .join('');
  },
};

interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number | null>>;
  readonly atMs: number;
}

function pointsOf(record: RunRecord): Point[] {
  const { result } = record;
  const { workload, bus, wan, verdict, locality, resources, faults } = result;
  const sinceMs = measuringSince(result).getTime();
  const atMs = Date.parse(result.startedAt) + result.durationMs;
  const tags = { run: result.name, bus: bus.type, fabric: wan.fabric, pattern: workload.pattern };
  const at = (measurement: string, more: Point['tags'], fields: Point['fields']): Point => ({
    measurement,
    tags: { ...tags, ...more },
    fields,
    atMs,
  });
  return [
    at('busbench_run', { status: verdict.status }, runFields(record)),
    ...latencyPoints(record, at),
    ...locality.matrix.map(({ client, server, ...fields }) =>
      at('busbench_pair', { client, server }, fields),
    ),
    ...wan.links.map(({ from, to, measured }) => at('busbench_link', { from, to }, measured)),
    ...wan.traffic.map(({ from, to, ...fields }) => at('busbench_traffic', { from, to }, fields)),
    ...resources.processes.map(({ role, name, site, agents: _, ...fields }) =>
      at('busbench_process', { role, process: name, site }, fields),
    ),
    ...faults.map(
      (
        {
          action,
          target,
          felt,
          failedDuring: _,
          reasonsDuring: ____,
          mended: __,
          reconnect: ___,
          ...fields
        },
        index,
      ) =>
        at('busbench_fault', { fault: String(index), action, target, felt: String(felt) }, fields),
    ),
    ...record.intervals.map(({ second, site, ...fields }) => ({
      measurement: 'busbench_interval',
      tags: { ...tags, site },
      fields,
      atMs: sinceMs + 1000 * second,
    })),
  ];
}

/** The single numbers of the result; what is a list or a distribution has points of its own. */
function runFields({ result }: RunRecord): Point['fields'] {
  return Object.fromEntries(
    Object.entries(flattenResult(result)).filter(([path]) =>
      /^(durationMs|workload|outcome|fanout|toolkit\.agent)|^(locality|wan)\.\w+$/.test(path),
    ),
  );
}

function latencyPoints(
  { result }: RunRecord,
  at: (measurement: string, tags: Point['tags'], fields: Point['fields']) => Point,
): Point[] {
  const {
    clockUncertaintyUs: _,
    clockBoundUs: __,
    negativeSamples: ___,
    ...kinds
  } = result.latencyUs;
  return Object.entries(kinds).flatMap(([kind, dist]: [string, Dist | null]) => {
    if (dist === null) return [];
    const { hdr: ___, negative = null, ...fields } = dist;
    return [at('busbench_latency', { kind }, { ...fields, negative })];
  });
}

function lineOf({ measurement, tags, fields, atMs }: Point): string {
  const tagText = Object.entries(tags)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `,${escapeKey(key)}=${escapeKey(value)}`)
    .join('');
  const fieldText = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${escapeKey(key)}=${value}`)
    .join(',');
  return `${measurement}${tagText} ${fieldText} ${BigInt(Math.round(atMs)) * 1_000_000n}`;
}

/** Commas, equal signs and spaces separate; a backslash at the end would swallow a separator, so none is kept. */
function escapeKey(text: string): string {
  return text
    .replaceAll('\\', '/')
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll(/[,= ]/g, '\\$&');
}
