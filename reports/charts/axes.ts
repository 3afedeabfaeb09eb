import { formatUs } from '../format.ts';
import { type Canvas, ink } from './chart.ts';

/** Letters of all axes and legends, px of the drawing. */
export const fontSize = 12;

interface TextStyle {
  readonly color: string;
  readonly fontSize: number;
}

/** What all axes have in common. */
export const axisStyle: {
  readonly axisLine: object;
  readonly axisTick: object;
  readonly axisLabel: TextStyle & { readonly hideOverlap: boolean };
  readonly splitLine: object;
  readonly nameTextStyle: TextStyle;
} = {
  axisLine: { show: true, lineStyle: { color: ink.line } },
  axisTick: { show: false },
  axisLabel: { color: ink.dim, fontSize, hideOverlap: true },
  splitLine: { show: true, lineStyle: { color: ink.line, width: 0.6 } },
  nameTextStyle: { color: ink.dim, fontSize },
};

/** A row of names over a chart, each with a dash of its colour. */
export function legendOf(names: readonly string[], { narrow }: Canvas, top = 0): object {
  return {
    data: [...names],
    top,
    left: 0,
    textStyle: { color: ink.text, fontSize: narrow ? 11 : fontSize },
    itemGap: narrow ? 14 : 26,
    itemWidth: narrow ? 10 : 16,
    itemHeight: 4,
    icon: 'roundRect',
  };
}

/** Ends of an axis for durations in µs, logarithmic when they span more than a factor of 50. */
export interface DurationScale {
  readonly logarithmic: boolean;
  readonly minUs: number;
  readonly maxUs: number;
}

export function durationScale(valuesUs: readonly number[]): DurationScale {
  const positive = valuesUs.filter((us) => us > 0);
  const lowest = positive.reduce((least, us) => Math.min(least, us), Number.POSITIVE_INFINITY);
  const highest = positive.reduce((most, us) => Math.max(most, us), 1);
  if (highest / lowest <= 50) return { logarithmic: false, minUs: 0, maxUs: roundUp(highest) };
  return {
    logarithmic: true,
    minUs: 10 ** Math.floor(Math.log10(lowest)),
    maxUs: 10 ** Math.ceil(Math.log10(highest)),
  };
}

export function durationAxis(name: string, { logarithmic, minUs, maxUs }: DurationScale): object {
  return {
    ...axisStyle,
    type: logarithmic ? 'log' : 'value',
    min: minUs,
    max: maxUs,
    name: logarithmic ? `${name}, log scale` : name,
    ...nameAbove,
    axisLabel: { ...axisStyle.axisLabel, formatter: shortDuration },
  };
}

/** The name of a vertical axis, above it and flush with its labels. */
export const nameAbove: object = {
  nameLocation: 'end',
  nameGap: 12,
  nameTextStyle: { ...axisStyle.nameTextStyle, align: 'left', padding: [0, 0, 0, -54] },
};

/** The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

/** Round numbers of ticks: `10 ms` rather than `10.0 ms`. */
export function shortDuration(us: number): string {
  if (us === 0) return '0';
  return formatUs(us)
    .replace(/\.0+ /, ' ')
    .replace(/(\.\d*[1-9])0+ /, '$1 ');
}
