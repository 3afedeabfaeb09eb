import { axisStyle, fontSize } from '../charts/axes.ts';
import type { Axis, AxisValue } from './axes.ts';

/** Where the values of an axis stand: to scale for numbers, one beside the other for words. */
export interface Positions {
  of(value: AxisValue): number;
  /** Distance at which neighbours can be told apart. */
  readonly step: number;
  /** ECharts axis: every value that was measured has its tick, and nothing else has. */
  readonly axis: object;
}

/** Numbers that span more than this factor stand on a logarithmic scale. */
const logarithmicFrom = 20;

export function positionsOf({ values, numeric }: Axis): Positions {
  const numbers = values.map(({ number }) => number ?? 0);
  const [lowest = 0, highest = 1] = [Math.min(...numbers), Math.max(...numbers)];
  const logarithmic = numeric && lowest > 0 && highest / lowest > logarithmicFrom;
  const indices = new Map(values.map(({ key }, i) => [key, i]));
  const of = ({ key, number }: AxisValue): number => {
    if (!numeric) return indices.get(key) ?? 0;
    return logarithmic ? Math.log10(number ?? 1) : (number ?? 0);
  };
  const places = values.map(of);
  const [first = 0, last = 0] = [Math.min(...places), Math.max(...places)];
  const span = numeric ? last - first || 1 : 1;
  const margin = numeric ? span * 0.05 : 0.6;
  const labels = new Map(values.map((value) => [of(value), value.label]));
  const label = (place: number): string => {
    const near = [...labels].find(([known]) => Math.abs(known - place) < span * 1e-6);
    return near?.[1] ?? '';
  };
  return {
    of,
    step: numeric ? span * 0.008 : 0.14,
    axis: {
      type: 'value',
      min: first - margin,
      max: last + margin,
      axisLine: axisStyle.axisLine,
      axisTick: { show: true, customValues: places, lineStyle: { color: 'var(--line)' } },
      axisLabel: {
        ...axisStyle.axisLabel,
        fontSize,
        customValues: places,
        formatter: label,
      },
    },
  };
}
