import { itemAt } from '../../topologies/item-at.ts';
import { axisStyle, durationAxis, durationScale, legendOf, nameAbove } from '../charts/axes.ts';
import { type Canvas, type Chart, ink } from '../charts/chart.ts';
import type { AxisValue } from './axes.ts';
import {
  lineValues,
  type Panel,
  type Place,
  placesOf,
  trustedMedian,
  type View,
} from './layout.ts';
import { boxFrom, type Line, marksOf } from './marks.ts';
import { formatMeasure, type Measure, measures } from './measures.ts';
import { type Positions, positionsOf } from './positions.ts';
import type { Sweep } from './sweep.ts';

/** How the pictures of a view are to be read; whole sentences. */
export function legendNotes(sweep: Sweep, view: View): readonly string[] {
  const places = measures.flatMap((measure) =>
    view.panels.flatMap((panel) =>
      lineValues(view).flatMap((line) => placesOf(sweep, view, panel, line, measure)),
    ),
  );
  const most = highestOf(places.map(({ trusted, beyond }) => trusted.length + beyond));
  const middle = view.x.numeric ? 'Lines join medians' : 'Bars mark medians';
  return [
    most > 1
      ? `${middle} over up to ${most} repetitions; every repetition is a dot, and a bar spans their range.`
      : 'One repetition: nothing is known of the spread.',
    ...(most >= boxFrom ? ['Boxes hold the middle half.'] : []),
    ...(places.some(({ doubtful }) => doubtful.length > 0)
      ? ['Crosses are invalid points, which count for nothing.']
      : []),
    ...(places.some(({ beyond }) => beyond > 0) ? ['Triangles lie beyond the timeout.'] : []),
  ];
}

interface DrawnPanel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const panelHeight = 190;

/** How one measure moves along the axis of a view; null when no result has it, or when it is zero everywhere. */
export function measureChart(sweep: Sweep, view: View, measure: Measure, id: string): Chart | null {
  const values = lineValues(view);
  const positions = positionsOf(view.x);
  const drawn = view.panels.map((panel) => {
    return {
      title: panel.title,
      lines: linesOf(sweep, view, panel, measure, values, positions),
    };
  });
  const title = measure.title;
  return panelChart(id, title, drawn, measure.kind, view, positions, true);
}

/** Small multiples: one panel a line of the view, with median and p99 of the response in each, all on one scale. */
export function multiplesChart(
  sweep: Sweep,
  view: View,
  of: readonly Measure[],
  id: string,
): Chart | null {
  if (view.lines === null) return null;
  const positions = positionsOf(view.x);
  const colors = [ink.series[2], ink.series[0]];
  const drawn = view.panels.flatMap((panel) =>
    lineValues(view).map((value): DrawnPanel => {
      const name = value?.label ?? '';
      return {
        title: panel.title === '' ? name : `${name}, ${panel.title}`,
        lines: of.map((measure, i) => ({
          name: measure.short,
          color: colors[i] ?? ink.text,
          shift: 0,
          places: placesOf(sweep, view, panel, value, measure),
          connected: view.x.numeric,
        })),
      };
    }),
  );
  const title = `Response time of each ${view.lines.title}`;
  return panelChart(id, title, drawn, 'duration', view, positions, false);
}

function linesOf(
  sweep: Sweep,
  view: View,
  panel: Panel,
  measure: Measure,
  values: readonly (AxisValue | null)[],
  positions: Positions,
): readonly Line[] {
  return values.map((value, i) => ({
    name: value?.label ?? measure.short,
    color: `var(--series-${(i % 8) + 1})`,
    shift: (i - (values.length - 1) / 2) * positions.step,
    places: placesOf(sweep, view, panel, value, measure),
    connected: view.x.numeric,
  }));
}

function panelChart(
  id: string,
  title: string,
  all: readonly DrawnPanel[],
  kind: Measure['kind'],
  view: View,
  positions: Positions,
  mayBeHalf: boolean,
): Chart | null {
  const panels = all.filter(({ lines }) => lines.some(({ places }) => places.length > 0));
  const places = panels.flatMap(({ lines }) => lines.flatMap((line) => line.places));
  const numbers = places.flatMap(({ trusted, doubtful }) => [...trusted, ...doubtful]);
  if (numbers.every((value) => value === 0) && places.every(({ beyond }) => beyond === 0)) {
    return null;
  }
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const legend = names.length > 1;
  const rowsOf = ({ narrow }: Pick<Canvas, 'narrow'>): number =>
    Math.ceil(panels.length / columnsOf(panels.length, narrow));
  const heightOf = (narrow: boolean): number =>
    (legend ? 34 : 12) + rowsOf({ narrow }) * (panelHeight + 66);
  return {
    id,
    title,
    description: describe(panels, kind),
    caption: isLogarithmic(kind, numbers) ? 'Logarithmic scale.' : '',
    height: heightOf(false),
    narrowHeight: heightOf(true),
    half: mayBeHalf && panels.length === 1,
    option: (canvas) => ({
      ...(legend ? { legend: legendOf(names, canvas) } : {}),
      ...panelOptions(panels, canvas, legend, kind, numbers, view, positions),
    }),
  };
}

function columnsOf(panels: number, narrow: boolean): number {
  if (narrow) return 1;
  return panels === 4 ? 2 : Math.min(3, panels);
}

function panelOptions(
  panels: readonly DrawnPanel[],
  { width, narrow }: Canvas,
  legend: boolean,
  kind: Measure['kind'],
  numbers: readonly number[],
  view: View,
  positions: Positions,
): Readonly<Record<string, unknown>> {
  const columns = columnsOf(panels.length, narrow);
  const cell = width / columns;
  const left = 64;
  const titled = panels.some(({ title }) => title !== '');
  const tops = panels.map(
    (_, i) => (legend ? 34 : 12) + Math.floor(i / columns) * (panelHeight + 66) + (titled ? 24 : 8),
  );
  const lefts = panels.map((_, i) => (i % columns) * cell);
  const top = highestOf(numbers);
  return {
    grid: panels.map((_, i) => ({
      left: itemAt(lefts, i) + left,
      width: cell - left - 22,
      top: tops[i],
      height: panelHeight,
    })),
    title: panels.map(({ title }, i) => ({
      text: title,
      left: itemAt(lefts, i) + left,
      top: itemAt(tops, i) - 24,
      padding: 0,
      textStyle: { color: ink.text, fontSize: 12.5, fontWeight: 600 },
    })),
    xAxis: panels.map((_, gridIndex) => ({
      ...axisStyle,
      ...positions.axis,
      gridIndex,
      name: view.x.title,
      nameLocation: 'middle',
      nameGap: 28,
      splitLine: { show: false },
    })),
    yAxis: panels.map((_, gridIndex) => ({ ...valueAxis(kind, numbers), gridIndex })),
    series: panels.flatMap(({ lines }, index) =>
      lines.flatMap((line) => marksOf(line, index, positions, top)),
    ),
  };
}

function highestOf(numbers: readonly number[]): number {
  return numbers.reduce((most, value) => Math.max(most, value), 0);
}

function isLogarithmic(kind: Measure['kind'], numbers: readonly number[]): boolean {
  return kind === 'duration' && durationScale(numbers).logarithmic;
}

function valueAxis(kind: Measure['kind'], numbers: readonly number[]): object {
  if (kind === 'duration') return { ...durationAxis('', durationScale(numbers)), name: '' };
  return {
    ...axisStyle,
    ...nameAbove,
    type: 'value',
    min: 0,
    ...(kind === 'share' && highestOf(numbers) > 0.5 ? { max: 1 } : {}),
    axisLabel: {
      ...axisStyle.axisLabel,
      formatter: (value: number) => formatMeasure(value, kind).replace(/\.0+(?=\D|$)/, ''),
    },
  };
}

/** Where every line begins and ends: what a reader takes away from the picture. */
function describe(panels: readonly DrawnPanel[], kind: Measure['kind']): string {
  const say = (place: Place | undefined): string => {
    if (!place) return '';
    const middle = trustedMedian(place);
    const value = middle === null ? 'beyond the timeout' : formatMeasure(middle, kind);
    return `${value} at ${place.value.label}`;
  };
  const sentences = panels.flatMap(({ title, lines }) =>
    lines.flatMap(({ name, places }) => {
      const trusted = places.filter((place) => place.trusted.length + place.beyond > 0);
      const [first, last] = [trusted[0], trusted.at(-1)];
      if (!first) return [];
      const to = last === first ? '' : ` to ${say(last)}`;
      return [`${[title, name].filter((word) => word !== '').join(', ')}: ${say(first)}${to}`];
    }),
  );
  const shown = sentences.slice(0, 12);
  return `Medians over repetitions. ${shown.join('; ')}${sentences.length > 12 ? '; and more' : ''}.`;
}
