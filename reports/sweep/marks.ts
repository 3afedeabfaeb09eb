import { itemAt } from '../../topologies/item-at.ts';
import { type Place, trustedMedian } from './layout.ts';
import type { Positions } from './positions.ts';

/** Repetitions from which on a box says more than the dots alone. */
export const boxFrom: number = 5;
const cross = 'path://M0,1 L1,0 L4,3 L7,0 L8,1 L5,4 L8,7 L7,8 L4,5 L1,8 L0,7 L3,4 Z';

type Series = Readonly<Record<string, unknown>>;

/** One line of a panel, ready to be drawn. */
export interface Line {
  readonly name: string;
  readonly color: string;
  /** Sideways, in units of the axis, so that lines at one height stay apart. */
  readonly shift: number;
  readonly places: readonly Place[];
  /** Connects the medians; words have no order to connect. */
  readonly connected: boolean;
}

/** Everything that one line puts into its panel: spread, medians, every repetition, and what is not to be believed. */
export function marksOf(
  line: Line,
  index: number,
  positions: Positions,
  highest: number,
): readonly Series[] {
  const at = (place: Place): number => positions.of(place.value) + line.shift;
  const common = { xAxisIndex: index, yAxisIndex: index, silent: true, clip: false };
  const trusted = line.places.filter((place) => place.trusted.length > 0);
  return [
    { ...common, ...spreadOf(line, trusted, at) },
    { ...common, ...mediansOf(line, at) },
    {
      ...common,
      type: 'scatter',
      symbol: 'circle',
      symbolSize: 4,
      itemStyle: { color: line.color, opacity: 0.75 },
      data: trusted.flatMap((place) => place.trusted.map((value) => [at(place), value])),
    },
    {
      ...common,
      type: 'scatter',
      symbol: cross,
      symbolSize: 9,
      itemStyle: { color: line.color },
      data: line.places.flatMap((place) => place.doubtful.map((value) => [at(place), value])),
    },
    {
      ...common,
      type: 'scatter',
      symbol: 'triangle',
      symbolSize: 10,
      symbolOffset: [0, -6],
      itemStyle: { color: line.color },
      data: line.places.filter(({ beyond }) => beyond > 0).map((place) => [at(place), highest]),
    },
  ];
}

function mediansOf(line: Line, at: (place: Place) => number): Series {
  const data = line.places.map((place) => [at(place), trustedMedian(place) ?? '-']);
  return {
    type: 'line',
    name: line.name,
    data,
    itemStyle: { color: line.color },
    lineStyle: { color: line.color, width: line.connected ? 2 : 0 },
    symbol: line.connected ? 'circle' : 'rect',
    symbolSize: line.connected ? 6 : [18, 3],
    // A place without a trusted median interrupts the line: nothing is known there.
    connectNulls: false,
  };
}

interface Drawing {
  value(dimension: number): number;
  coord(point: readonly [number, number]): readonly [number, number];
}

/** A bar from the lowest to the highest repetition, and a box of the middle half where there are enough. */
function spreadOf(line: Line, places: readonly Place[], at: (place: Place) => number): Series {
  return {
    type: 'custom',
    dimensions: ['x', 'low', 'high', 'q1', 'q3', 'count'],
    encode: { x: 0, y: [1, 2] },
    data: places.map((place) => {
      const { trusted } = place;
      const quantile = (share: number): number =>
        itemAt(trusted, Math.round(share * (trusted.length - 1)));
      const [low, high, q1, q3] = [0, 1, 0.25, 0.75].map(quantile);
      return [at(place), low, high, q1, q3, trusted.length];
    }),
    renderItem: (_: unknown, drawing: Drawing) => {
      const [x] = drawing.coord([drawing.value(0), drawing.value(1)]);
      const y = (dimension: number): number =>
        drawing.coord([drawing.value(0), drawing.value(dimension)])[1];
      const bar = {
        type: 'rect',
        shape: { x: x - 1.5, y: y(2), width: 3, height: Math.max(1, y(1) - y(2)) },
        style: { fill: line.color, opacity: 0.45 },
      };
      const box = {
        type: 'rect',
        shape: { x: x - 6, y: y(4), width: 12, height: Math.max(1, y(3) - y(4)) },
        style: { fill: line.color, opacity: 0.25 },
      };
      return { type: 'group', children: drawing.value(5) >= boxFrom ? [bar, box] : [bar] };
    },
  };
}
