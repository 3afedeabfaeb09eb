import { mergeSamples, quantileUs } from '../reconcile/dist.ts';
import type { RunRecord } from '../record.ts';
import {
  axisStyle,
  type DurationScale,
  durationAxis,
  durationScale,
  legendOf,
  nameAbove,
} from './axes.ts';
import { type Chart, ink } from './chart.ts';

/** Longer windows are drawn in steps of several seconds. */
const maxSteps = 240;

/** Up to this many entries of the scenario's faults are named on the bands; more are numbered. */
const maxNamed = 3;

/** What happened to the operations due in one step of the window, over all sites. */
interface Step {
  readonly atSeconds: number;
  readonly due: number;
  readonly done: number;
  readonly failed: number;
  /** µs by nearest rank with failures infinite; null among failures or when nothing was done. */
  readonly responseP50Us: number | null;
  readonly responseP99Us: number | null;
  readonly serviceP99Us: number | null;
}

/** Rate and latency over the measuring window, faults as bands; null without intervals. */
export function timelineChart(record: RunRecord): Chart | null {
  const length = Math.max(-1, ...record.intervals.map(({ second }) => second)) + 1;
  if (length === 0) return null;
  const stepSeconds = Math.ceil(length / maxSteps);
  const steps = stepsOf(record, length, stepSeconds);
  const values = steps
    .flatMap((step) => [step.responseP50Us, step.responseP99Us, step.serviceP99Us])
    .filter((us) => us !== null);
  const scale = durationScale(values);
  const each = stepSeconds === 1 ? 'second' : `${stepSeconds} s`;
  return {
    id: 'timeline',
    title: 'Rate and latency over time',
    description: `Operations due, completed and failed, and latency, per ${each} of the measuring window by due time; faults are shaded${record.result.faultGroups.length > maxNamed ? ' and numbered as in their table' : ''}.`,
    height: 480,
    narrowHeight: 460,
    option: (canvas) => ({
      legend: [
        legendOf(['due', 'completed', 'failed'], canvas),
        legendOf(
          steps.some(isBeyond) ? [...latencyNames, '> timeout'] : latencyNames,
          canvas,
          canvas.height * 0.46,
        ),
      ],
      grid: [
        { left: 62, right: canvas.narrow ? 14 : 28, top: 54, height: canvas.height * 0.46 - 84 },
        { left: 62, right: canvas.narrow ? 14 : 28, top: canvas.height * 0.46 + 54, bottom: 44 },
      ],
      xAxis: [timeAxis(0, length, ''), timeAxis(1, length, 'seconds since the start of measuring')],
      yAxis: [
        {
          ...axisStyle,
          type: 'value',
          min: 0,
          name: 'operations/s',
          boundaryGap: [0, '12%'],
          ...nameAbove,
        },
        { ...durationAxis('latency', scale), gridIndex: 1 },
      ],
      series: [
        ...rateSeries(record, steps, stepSeconds),
        ...latencySeries(record, steps, stepSeconds, scale),
      ],
    }),
  };
}

const latencyNames = ['response p50', 'response p99', 'service p99'];

function timeAxis(gridIndex: number, length: number, name: string): object {
  return {
    ...axisStyle,
    type: 'value',
    gridIndex,
    min: 0,
    max: length,
    name,
    nameLocation: 'middle',
    nameGap: 28,
    splitLine: { show: false },
  };
}

/** Merged over sites from the histograms: percentiles of parts cannot be averaged. */
function stepsOf(
  { intervals, histograms }: RunRecord,
  length: number,
  stepSeconds: number,
): Step[] {
  const stepOf = (second: number): number => Math.floor(second / stepSeconds);
  const encoded = new Map<string, { hdr: string; negative: number }[]>();
  for (const { tag, startSeconds, lengthSeconds, hdr } of histograms) {
    const kind = tag.slice(0, tag.indexOf('.'));
    if (lengthSeconds > stepSeconds) continue;
    const key = `${kind} ${stepOf(startSeconds)}`;
    const list = encoded.get(key) ?? [];
    list.push({ hdr, negative: 0 });
    encoded.set(key, list);
  }
  const quantile = (kind: string, step: number, failed: number, parts: number): number | null =>
    quantileUs(mergeSamples(encoded.get(`${kind} ${step}`) ?? []), failed, parts, 0);
  return Array.from({ length: Math.ceil(length / stepSeconds) }, (_, step): Step => {
    const rows = intervals.filter(({ second }) => stepOf(second) === step);
    const sum = (pick: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((total, row) => total + pick(row), 0);
    const failed = sum((row) => row.failed);
    return {
      atSeconds: step * stepSeconds,
      due: sum((row) => row.due),
      done: sum((row) => row.done),
      failed,
      responseP50Us: quantile('response', step, failed, 5000),
      responseP99Us: quantile('response', step, failed, 9900),
      serviceP99Us: quantile('service', step, failed, 9900),
    };
  });
}

function rateSeries(record: RunRecord, steps: readonly Step[], stepSeconds: number): object[] {
  const points = (pick: (step: Step) => number): number[][] =>
    stairs(
      steps.map((step) => [step.atSeconds, pick(step) / stepSeconds]),
      stepSeconds,
    );
  const line = { type: 'line', symbol: 'none', silent: true, step: 'end' } as const;
  return [
    {
      ...line,
      name: 'due',
      data: points(({ due }) => due),
      itemStyle: { color: ink.dim },
      lineStyle: { color: ink.dim, width: 1.4, type: [4, 3] },
      markArea: faultBands(record, true),
    },
    {
      ...line,
      name: 'completed',
      data: points(({ done }) => done),
      itemStyle: { color: ink.series[0] },
      lineStyle: { color: ink.series[0], width: 2 },
    },
    {
      ...line,
      name: 'failed',
      data: points(({ failed }) => failed),
      itemStyle: { color: ink.bad },
      lineStyle: { color: ink.bad, width: 1.5 },
      areaStyle: { color: ink.bad, opacity: 0.25 },
    },
  ];
}

/** Lines run through the middle of each step; where a quantile lies among failures, a red mark stands on top. */
function latencySeries(
  record: RunRecord,
  steps: readonly Step[],
  stepSeconds: number,
  scale: DurationScale,
): object[] {
  const grid = { xAxisIndex: 1, yAxisIndex: 1, silent: true } as const;
  const middle = (step: Step): number => step.atSeconds + stepSeconds / 2;
  const line = (name: string, color: string, pick: (step: Step) => number | null): object => ({
    ...grid,
    type: 'line',
    name,
    symbol: 'circle',
    symbolSize: steps.length > 60 ? 0 : 4,
    data: steps.map((step) => [middle(step), pick(step)]),
    itemStyle: { color },
    lineStyle: { color, width: 1.8, ...(name.startsWith('service') ? { type: [5, 4] } : {}) },
  });
  const p50 = line('response p50', ink.series[2], ({ responseP50Us }) => responseP50Us);
  return [
    { ...p50, markArea: faultBands(record, false) },
    line('response p99', ink.series[0], ({ responseP99Us }) => responseP99Us),
    line('service p99', ink.series[1], ({ serviceP99Us }) => serviceP99Us),
    {
      ...grid,
      type: 'scatter',
      name: '> timeout',
      symbol: 'triangle',
      symbolSize: 8,
      clip: false,
      itemStyle: { color: ink.bad },
      data: steps.filter(isBeyond).map((step) => [middle(step), scale.maxUs]),
    },
  ];
}

function isBeyond({ failed, responseP99Us }: Step): boolean {
  return failed > 0 && responseP99Us === null;
}

function faultBands({ result }: RunRecord, labelled: boolean): object {
  return {
    silent: true,
    itemStyle: { color: ink.warn, opacity: 0.16 },
    label: {
      show: labelled,
      position: 'top',
      color: ink.text,
      fontSize: 11,
      textBorderWidth: 0,
    },
    data: result.faults.map(({ entry, action, target, startedAtMs, endedAtMs }, i) => {
      // Of several things that one entry broke, the first band carries the name of them all.
      const at = result.faultGroups.findIndex((group) => group.entry === entry);
      const isFirst = result.faults.findIndex((other) => other.entry === entry) === i;
      const all = result.faultGroups[at]?.target ?? target;
      // More names would not fit side by side; the table of faults has the same numbers.
      const name = result.faultGroups.length > maxNamed ? String(at + 1) : `${action} ${all}`;
      return [
        { name: isFirst ? name : '', xAxis: startedAtMs / 1000 },
        { xAxis: Math.max(endedAtMs, startedAtMs + 50) / 1000 },
      ];
    }),
  };
}

/** A step holds until the next one begins, the last one to the end of the window. */
function stairs(points: readonly number[][], stepSeconds: number): number[][] {
  const [at, value] = points.at(-1) ?? [];
  if (at === undefined || value === undefined) return [];
  return [...points, [at + stepSeconds, value]].map(([x = 0, y = 0]) => [x, y]);
}
