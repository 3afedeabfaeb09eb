import { median } from '../ranks.ts';
import { type Axis, type AxisValue, axesOf, keyOf } from './axes.ts';
import type { Measure } from './measures.ts';
import { isTrusted, type Sweep, type SweepPoint } from './sweep.ts';

/** One way to look at a sweep: against one axis, a line a value of another, a panel a combination of the rest. */
export interface View {
  readonly x: Axis;
  /** What lines (or groups) stand for; null when there is one of them. */
  readonly lines: Axis | null;
  readonly panels: readonly Panel[];
}

export interface Panel {
  /** Values of the axes that are neither x nor lines; empty when there are none. */
  readonly title: string;
  readonly holds: (point: SweepPoint) => boolean;
}

/** All repetitions of one place. */
export interface Place {
  readonly value: AxisValue;
  /** Numbers that may be believed, ascending. */
  readonly trusted: readonly number[];
  /** Numbers of invalid points. */
  readonly doubtful: readonly number[];
  /** Trusted repetitions whose value lies beyond the timeout: above every number. */
  readonly beyond: number;
}

/** Lines that a reader can still tell apart. */
const maxLines = 8;

/** One view for each axis of numbers; where there is none, one for the longest axis. */
export function viewsOf(sweep: Sweep): readonly View[] {
  const axes = axesOf(sweep);
  const numeric = axes.filter((axis) => axis.numeric);
  const byLength = [...axes].sort((a, b) => b.values.length - a.values.length);
  const chosen = numeric.length > 0 ? numeric : byLength.slice(0, 1);
  if (chosen.length === 0) return [{ x: nowhere, lines: null, panels: [everything] }];
  return chosen.map((x) => viewOf(x, axes));
}

const nowhere: Axis = {
  title: '',
  paths: [],
  values: [{ key: '[]', label: 'all repetitions', number: null }],
  numeric: false,
};
const everything: Panel = { title: '', holds: () => true };

function viewOf(x: Axis, axes: readonly Axis[]): View {
  const others = axes.filter((axis) => axis !== x);
  const fitting = others.filter(({ values }) => values.length <= maxLines);
  const words = fitting.filter(({ numeric }) => !numeric);
  const bus = words.find(({ paths }) => paths.some((path) => path.startsWith('bus')));
  const lines = bus ?? words[0] ?? fitting[0] ?? null;
  const rest = others.filter((axis) => axis !== lines);
  const panels = rest.reduce<readonly Panel[]>(
    (all, axis) => all.flatMap((panel) => axis.values.map((value) => inside(panel, axis, value))),
    [everything],
  );
  return { x, lines, panels };
}

function inside(panel: Panel, axis: Axis, value: AxisValue): Panel {
  const name = `${axis.title} ${value.label}`;
  return {
    title: panel.title === '' ? name : `${panel.title}, ${name}`,
    holds: (point) => panel.holds(point) && keyOf(point.settings, axis) === value.key,
  };
}

/** Values of the lines of a view; one without a name where there is only one line. */
export function lineValues({ lines }: View): readonly (AxisValue | null)[] {
  return lines?.values ?? [null];
}

/** What was measured along one line of one panel, place by place; places without any number are left out. */
export function placesOf(
  sweep: Pick<Sweep, 'points'>,
  { x, lines }: View,
  panel: Panel,
  line: AxisValue | null,
  { id }: Pick<Measure, 'id'>,
): readonly Place[] {
  const points = sweep.points.filter(
    (point) =>
      panel.holds(point) &&
      (lines === null || line === null || keyOf(point.settings, lines) === line.key),
  );
  return x.values
    .map((value): Place => {
      const here = points.filter(({ settings }) => keyOf(settings, x) === value.key);
      const numbers = (some: readonly SweepPoint[]): number[] =>
        some.flatMap(({ measures }) => measures[id] ?? []).sort((a, b) => a - b);
      const trusted = here.filter(isTrusted);
      return {
        value,
        trusted: numbers(trusted),
        doubtful: numbers(here.filter((point) => point.status === 'invalid')),
        beyond: trusted.filter(({ beyond }) => beyond.includes(id)).length,
      };
    })
    .filter(({ trusted, doubtful, beyond }) => trusted.length + doubtful.length + beyond > 0);
}

/** Middle of the trusted repetitions; null when it lies beyond the timeout, or there is none. */
export function trustedMedian({ trusted, beyond }: Place): number | null {
  const never = Array.from({ length: beyond }, () => Number.POSITIVE_INFINITY);
  const middle = median([...trusted, ...never]);
  return Number.isFinite(middle) ? middle : null;
}
