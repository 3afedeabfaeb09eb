import type { Json } from '../../topologies/json.ts';
import { namesOfRange } from '../../topologies/language/ranges.ts';
import type { Settings, Sweep, SweepAxis } from './sweep.ts';

/** An axis as a reader sees it. */
export interface Axis {
  /** `clients.count`, or `clients.count, servers.count` where they change together. */
  readonly title: string;
  readonly paths: readonly string[];
  readonly values: readonly AxisValue[];
  /** Every value is a number, with a unit of one kind. */
  readonly numeric: boolean;
}

export interface AxisValue {
  /** What settings are matched by. */
  readonly key: string;
  readonly label: string;
  /** In the base unit of its kind (ms, operations a second, bytes, bit/s, per cent); null for a word. */
  readonly number: number | null;
}

/** The axes along which the points of a sweep really differ, with every value that occurs. */
export function axesOf({
  axes,
  points,
  searches,
}: Pick<Sweep, 'axes' | 'points' | 'searches'>): readonly Axis[] {
  const planned = new Set(axes.flatMap(({ paths }) => paths));
  const added = points.flatMap(({ settings }) => Object.keys(settings));
  // Settings that only `include` gives, and the axis of a search.
  const extra = [...new Set(added)].filter((path) => !planned.has(path));
  const all = [...axes, ...extra.map((path): SweepAxis => ({ paths: [path], steps: [] }))];
  const searched = new Set(searches.map(({ along }) => along));
  return all
    .map((axis) => {
      const keys = new Map(axis.steps.map((step) => [JSON.stringify(step), step]));
      for (const { settings } of points) {
        const step = stepOf(settings, axis.paths);
        keys.set(JSON.stringify(step), step);
      }
      return toAxis(
        axis.paths,
        [...keys.values()],
        axis.paths.some((path) => searched.has(path)),
      );
    })
    .filter(({ values }) => values.length > 1);
}

/** Which value of an axis a point has. */
export function keyOf(settings: Settings, { paths }: Pick<Axis, 'paths'>): string {
  return JSON.stringify(stepOf(settings, paths));
}

function stepOf(settings: Settings, paths: readonly string[]): readonly Json[] {
  return paths.map((path) => settings[path] ?? null);
}

function toAxis(
  paths: readonly string[],
  steps: readonly (readonly Json[])[],
  sorted: boolean,
): Axis {
  const values = steps.map((step): AxisValue => {
    const [first = null, ...others] = step.map((value, i) => counted(paths[i], value));
    const label = [first, ...others].map((value) => spaced(labelOf(value))).join(', ');
    return { key: JSON.stringify(step), label, number: numberOf(first)?.value ?? null };
  });
  const kinds = new Set(
    steps.map(([first = null]) => numberOf(counted(paths[0], first))?.kind ?? 'word'),
  );
  const numbers = values.map(({ number }) => number);
  const numeric = kinds.size === 1 && !kinds.has('word') && new Set(numbers).size === values.length;
  if (numeric || sorted) values.sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
  return { title: paths.join(', '), paths, values, numeric };
}

/** Of sites, what grows is their number: their names say little to the eye, and nothing to an axis. */
function counted(path: string | undefined, value: Json): Json {
  if (path !== 'sites' || !Array.isArray(value)) return value;
  const sites: readonly Json[] = value;
  const texts = sites.filter((name) => typeof name === 'string');
  return texts.reduce((sum, name) => sum + (namesOfRange(name)?.length ?? 1), 0);
}

/** Words that a reader tells values apart by: the scalars of a map, without its keys. */
export function labelOf(value: Json): string {
  if (value === null) return 'default';
  if (typeof value !== 'object') return String(value);
  const inner: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  const words = inner.filter((item) => typeof item !== 'object' || item === null).map(String);
  return words.length === 0 ? JSON.stringify(value) : words.join(' ');
}

/** `25ms` as reports write it. */
function spaced(label: string): string {
  return label.replace(/^([0-9.]+)([a-zA-Z%]+)$/, '$1 $2');
}

/** Multiples of the base unit of each kind. */
const units: Readonly<Record<string, readonly [kind: string, times: number]>> = {
  '': ['count', 1],
  us: ['duration', 1e-3],
  ms: ['duration', 1],
  s: ['duration', 1e3],
  m: ['duration', 6e4],
  h: ['duration', 3.6e6],
  '/s': ['rate', 1],
  '/m': ['rate', 1 / 60],
  '/h': ['rate', 1 / 3600],
  '%': ['share', 1],
  B: ['bytes', 1],
  kB: ['bytes', 1e3],
  mB: ['bytes', 1e6],
  gB: ['bytes', 1e9],
  bit: ['bits', 1],
  kbit: ['bits', 1e3],
  mbit: ['bits', 1e6],
  gbit: ['bits', 1e9],
};

function numberOf(value: Json): { readonly kind: string; readonly value: number } | null {
  if (typeof value === 'number') return { kind: 'count', value };
  if (typeof value !== 'string') return null;
  const [, digits, suffix = ''] = /^([0-9.]+(?:e[+-]?[0-9]+)?) ?([a-zA-Z%/]*)$/.exec(value) ?? [];
  const unit = units[suffix];
  if (digits === undefined || unit === undefined) return null;
  const [kind, times] = unit;
  return { kind, value: Number(digits) * times };
}
