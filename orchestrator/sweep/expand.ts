import type { Settings } from '../../reports/sweep/sweep.ts';
import type { Json } from '../../topologies/json.ts';
import type { SweepSpec } from './spec.ts';

/**
 * Every combination of `matrix`, each with every step of `zip`, then `exclude`, then `include`, in the order of
 * the file (first axis slowest). An `exclude` matches a point that has all its values. An `include` whose axis
 * values all match existing points adds its other settings to them; else it is a point of its own.
 */
export function expandSettings(sweep: SweepSpec): readonly Settings[] {
  const combined = Object.entries(sweep.matrix).reduce<readonly Settings[]>(
    (points, [path, values]) =>
      points.flatMap((point) => values.map((value) => ({ ...point, [path]: value }))),
    [{}],
  );
  const stepped = combined.flatMap((point) =>
    zipSteps(sweep.zip).map((step) => ({ ...point, ...step })),
  );
  const left = stepped.filter((point) => !sweep.exclude.some((pattern) => matches(point, pattern)));
  const axes = [...Object.keys(sweep.matrix), ...Object.keys(sweep.zip)];
  return sweep.include.reduce<readonly Settings[]>(
    (points, extra) => include(points, extra, axes),
    left,
  );
}

function zipSteps(zip: SweepSpec['zip']): readonly Settings[] {
  const axes = Object.entries(zip);
  const length = axes[0]?.[1].length ?? 1;
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(axes.map(([path, values]) => [path, values[i] ?? null])),
  );
}

function include(
  points: readonly Settings[],
  extra: Settings,
  axes: readonly string[],
): readonly Settings[] {
  const fixed = Object.fromEntries(Object.entries(extra).filter(([path]) => axes.includes(path)));
  const addsOnly = Object.keys(fixed).length < Object.keys(extra).length;
  const matched = points.some((point) => matches(point, fixed));
  if (!addsOnly || !matched) return [...points, extra];
  return points.map((point) => (matches(point, fixed) ? { ...point, ...extra } : point));
}

function matches(point: Settings, pattern: Settings): boolean {
  return Object.entries(pattern).every(([path, value]) => same(point[path], value));
}

function same(a: Json | undefined, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Settings as `--set` overrides: JSON is YAML. */
export function asSets(settings: Settings): readonly string[] {
  return Object.entries(settings).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
}
