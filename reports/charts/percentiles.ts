import { formatCount, formatDurationMs, formatPercent } from '../format.ts';
import { mergeSamples } from '../reconcile/dist.ts';
import type { Dist, RunResult } from '../result.ts';
import { axisStyle, durationAxis, durationScale, legendOf } from './axes.ts';
import { type Chart, ink } from './chart.ts';

const pointsPerDecade = 60;
/** Quantiles with fewer samples beyond them are drawn dashed: they are this run's, hardly the system's. */
const samplesBeyond = 10;

type Point = readonly [reciprocal: number, us: number];

interface Curve {
  readonly name: string;
  readonly sure: readonly Point[];
  readonly unsure: readonly Point[];
}

/**
 * Quantile curves over 1 / (1 - q), as HdrHistogram's plotter draws them, failures ranked as infinite: the curve
 * ends where they begin. Null when nothing was measured.
 */
export function percentileChart({ latencyUs, outcome, scenario }: RunResult): Chart | null {
  const { response, service, fanoutFirst } = latencyUs;
  const total = response.count + response.failed;
  if (response.count === 0) return null;
  const curves = [
    curveOf('response (from due)', response),
    curveOf('service (from sent)', service),
  ];
  if (fanoutFirst !== null) curves.push(curveOf('first arrival', fanoutFirst));
  const values = curves.flatMap(({ sure, unsure }) => [...sure, ...unsure].map(([, us]) => us));
  const right = Math.max(10, total);
  const failed =
    response.failed === 0
      ? null
      : {
          from: total / response.failed,
          label: `failed, ${formatPercent(response.failed / total)} (timeout ${formatDurationMs(scenario.workload.timeoutMs)})`,
        };
  return {
    id: 'percentiles',
    title: 'Latency by percentile',
    description: `Quantile curves of response and service time over ${formatCount(outcome.due)} operations${response.failed > 0 ? '; failed ones rank as infinitely slow' : ''}. Dashed: fewer than ${samplesBeyond} samples beyond.`,
    height: 400,
    narrowHeight: 340,
    option: (canvas) => ({
      grid: { left: 62, right: canvas.narrow ? 14 : 28, top: 56, bottom: 52 },
      legend: legendOf(
        curves.map(({ name }) => name),
        canvas,
      ),
      xAxis: {
        ...axisStyle,
        type: 'log',
        min: 1,
        max: right,
        name: 'percentile',
        nameLocation: 'middle',
        nameGap: 30,
        axisLabel: { ...axisStyle.axisLabel, formatter: percentileLabel },
      },
      yAxis: durationAxis('latency', durationScale(values)),
      series: seriesOf(curves, failed, right),
    }),
  };
}

function curveOf(name: string, dist: Dist): Curve {
  const { histogram } = mergeSamples([{ hdr: dist.hdr, negative: 0 }]);
  const total = dist.count + dist.failed;
  const sure: Point[] = [];
  const unsure: Point[] = [];
  const steps = Math.ceil(Math.log10(Math.max(total, 1)) * pointsPerDecade);
  for (let step = 0; step <= steps; step += 1) {
    const reciprocal = Math.min(total, 10 ** (step / pointsPerDecade));
    const rank = Math.max(1, Math.ceil(total * (1 - 1 / reciprocal)));
    if (rank > dist.count) break;
    const point: Point = [reciprocal, histogram.getValueAtPercentile((100 * rank) / dist.count)];
    if (total - rank >= samplesBeyond) sure.push(point);
    else unsure.push(point);
  }
  const joint = sure.at(-1);
  return { name, sure, unsure: joint === undefined ? unsure : [joint, ...unsure] };
}

function seriesOf(
  curves: readonly Curve[],
  failed: { readonly from: number; readonly label: string } | null,
  right: number,
): object[] {
  return curves.flatMap(({ name, sure, unsure }, index) => {
    const color = ink.series[index % ink.series.length] ?? ink.text;
    const line = { type: 'line', symbol: 'none', silent: true, itemStyle: { color } } as const;
    return [
      {
        ...line,
        name,
        data: sure.map((point) => [...point]),
        // Response lies on service where nothing waited: wider below, so that both are seen.
        lineStyle: { color, width: index === 0 ? 3.2 : 1.8 },
        ...(index === 0 && failed !== null ? { markArea: failureArea(failed, right) } : {}),
      },
      {
        ...line,
        name: `${name}, few samples`,
        data: unsure.map((point) => [...point]),
        lineStyle: { color, width: 1.6, type: [3, 4] },
      },
    ];
  });
}

function failureArea(
  failed: { readonly from: number; readonly label: string },
  right: number,
): object {
  return {
    silent: true,
    itemStyle: { color: ink.bad, opacity: 0.12 },
    label: {
      show: true,
      position: 'insideBottomRight',
      color: ink.bad,
      fontSize: 12,
      textBorderWidth: 0,
    },
    data: [[{ name: failed.label, xAxis: failed.from }, { xAxis: right }]],
  };
}

function percentileLabel(reciprocal: number): string {
  const nines = Math.round(Math.log10(reciprocal));
  // The right end of the axis is the number of operations, hardly ever a power of ten.
  if (Math.abs(reciprocal - 10 ** nines) > 1e-6 * reciprocal) return '';
  if (nines === 0) return '0 %';
  if (nines === 1) return '90 %';
  return `99${nines > 2 ? '.' : ''}${'9'.repeat(nines - 2)} %`;
}
