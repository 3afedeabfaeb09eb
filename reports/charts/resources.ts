import { formatBytes } from '../format.ts';
import type { RunResult } from '../result.ts';
import { axisStyle, fontSize, legendOf } from './axes.ts';
import { type Chart, ink } from './chart.ts';

const maxBars = 16;

type Process = RunResult['resources']['processes'][number];

const roleColors: Readonly<Record<Process['role'], string>> = {
  bus: ink.series[0],
  agent: ink.series[1],
  fabric: ink.series[2],
  orchestrator: ink.series[3],
};

/** CPU and memory of the busiest processes, coloured by role; null when no process was sampled. */
export function resourceChart({ resources }: RunResult): Chart | null {
  const busiest = [...resources.processes]
    .sort((a, b) => b.cpuPercentMean - a.cpuPercentMean)
    .slice(0, maxBars)
    .reverse();
  const [top] = busiest.slice(-1);
  if (top === undefined) return null;
  const height = 96 + 22 * busiest.length;
  return {
    id: 'resources',
    title: 'CPU and memory',
    description: `Mean CPU and largest memory of ${busiest.length} processes; the busiest is ${top.name} at ${top.cpuPercentMean.toFixed(0)} % of a core.`,
    height,
    option: (canvas) => {
      const { narrow, width } = canvas;
      const names = narrow ? 96 : 150;
      const half = (width - names - 16) / 2;
      return {
        grid: [
          { left: names, width: half - 30, top: 56, bottom: 28 },
          { left: names + half + 10, width: half - 40, top: 56, bottom: 28 },
        ],
        xAxis: [
          {
            ...axisStyle,
            type: 'value',
            gridIndex: 0,
            min: 0,
            axisLabel: percentLabel,
            splitNumber: narrow ? 2 : 5,
          },
          {
            ...axisStyle,
            type: 'value',
            gridIndex: 1,
            min: 0,
            axisLabel: byteLabel,
            splitNumber: narrow ? 2 : 4,
          },
        ],
        yAxis: [0, 1].map((gridIndex) => ({
          ...axisStyle,
          type: 'category',
          gridIndex,
          data: busiest.map(({ name }) => name),
          splitLine: { show: false },
          axisLabel: {
            ...axisStyle.axisLabel,
            show: gridIndex === 0,
            interval: 0,
            color: ink.text,
            width: names - 10,
            overflow: 'truncate',
          },
        })),
        legend: legendOf(rolesOf(busiest), canvas),
        title: ['CPU, mean of one core', 'memory, most'].map((text, index) => ({
          text,
          left: index === 0 ? names : names + half + 10,
          top: 30,
          padding: 0,
          textStyle: { color: ink.dim, fontSize, fontWeight: 'normal' },
        })),
        series: rolesOf(busiest).flatMap((role) => [
          barsOf(busiest, role, 0, ({ cpuPercentMean }) => cpuPercentMean),
          barsOf(busiest, role, 1, ({ rssMaxBytes }) => rssMaxBytes),
        ]),
      };
    },
  };
}

const percentLabel = { ...axisStyle.axisLabel, formatter: (value: number): string => `${value} %` };
const byteLabel = {
  ...axisStyle.axisLabel,
  formatter: (value: number): string => formatBytes(value).replace(/\.0+ /, ' '),
};

function rolesOf(processes: readonly Process[]): Process['role'][] {
  return [...new Set(processes.map(({ role }) => role))].reverse();
}

/** The bars of one role; the others leave gaps, so that every role is a series with a name and a colour. */
function barsOf(
  processes: readonly Process[],
  role: Process['role'],
  index: number,
  pick: (process: Process) => number,
): object {
  return {
    type: 'bar',
    name: role,
    silent: true,
    stack: String(index),
    xAxisIndex: index,
    yAxisIndex: index,
    barWidth: 12,
    itemStyle: { color: roleColors[role], borderRadius: [0, 3, 3, 0] },
    data: processes.map((process) => (process.role === role ? pick(process) : '-')),
  };
}
