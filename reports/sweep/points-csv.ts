import { type CsvValue, writeCsv } from '../csv-table.ts';
import { labelOf } from './axes.ts';
import { measures } from './measures.ts';
import type { Sweep, SweepPoint } from './sweep.ts';

/**
 * One row a point and repetition, one column a variable: its settings, how it ended, what sweeps are compared by
 * (`measure.`), then every number that any of the results has. Unknown numbers are empty cells.
 */
export function pointsCsv({ points, axes }: Sweep): string {
  const paths = new Set([
    ...axes.flatMap((axis) => axis.paths),
    ...points.flatMap(({ settings }) => Object.keys(settings)),
  ]);
  const numbers = new Set(points.flatMap(({ numbers: all }) => Object.keys(all ?? {})));
  // A setting may be a path of the result too (workload.topics), and says the same.
  const rest = [...numbers].filter((path) => !paths.has(path));
  const header = [
    ...paths,
    'repetition',
    'id',
    'status',
    'reason',
    'directory',
    ...measures.map(({ id }) => `measure.${id}`),
    ...rest,
  ];
  return writeCsv(
    header,
    points.map((point) => rowOf(point, [...paths], rest)),
  );
}

function rowOf(
  point: SweepPoint,
  paths: readonly string[],
  rest: readonly string[],
): readonly CsvValue[] {
  const { settings, repetition, id, status, reason, directory, numbers } = point;
  return [
    ...paths.map((path) => {
      const value = settings[path];
      if (value === undefined || value === null) return null;
      return typeof value === 'object' ? labelOf(value) : value;
    }),
    repetition,
    id,
    status,
    reason,
    directory,
    ...measures.map((measure) => point.measures[measure.id] ?? null),
    ...rest.map((path) => numbers?.[path] ?? null),
  ];
}
