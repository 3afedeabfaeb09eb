import { formatBytes, formatCount, formatUs } from '../format.ts';
import type { RunResult } from '../result.ts';
import { type Cell, cell, fact, type Section, textColumn, valueColumn } from './section.ts';

/** With the number of agents that it plays, where they are several. */
function nameOf({ name, agents }: RunResult['resources']['processes'][number]): string {
  return agents === undefined ? name : `${name} (${agents.length} agents)`;
}

/** CPU, memory and sockets of every process, the busiest first; `limit` rows at most. */
export function resourceSection(
  result: RunResult,
  limit: number = Number.POSITIVE_INFINITY,
): Section {
  const { toolkit, resources } = result;
  const busiest = [...resources.processes].sort((a, b) => b.cpuSeconds - a.cpuSeconds);
  const shown = busiest.slice(0, limit);
  const loop = toolkit.eventLoopDelayUs;
  return {
    id: 'resources',
    title: 'Resources',
    facts: [
      fact('agent CPU an operation', formatUs(toolkit.agentCpuUsPerOperation)),
      fact('event-loop delay p99', formatUs(loop.p99)),
      fact('max', formatUs(loop.max)),
    ],
    tables:
      shown.length === 0
        ? []
        : [
            {
              caption: 'Processes',
              columns: [
                textColumn('process'),
                textColumn('role'),
                textColumn('site'),
                ...['CPU', 'CPU time', 'memory', 'sockets'].map(valueColumn),
              ],
              rows: shown.map((process): Cell[] => [
                cell(nameOf(process)),
                cell(process.role),
                cell(process.site),
                cell(`${process.cpuPercentMean.toFixed(1)} %`),
                cell(`${process.cpuSeconds.toFixed(2)} s`),
                cell(formatBytes(process.rssMaxBytes)),
                cell(formatCount(process.socketsMax)),
              ]),
            },
          ],
    notes:
      shown.length < busiest.length
        ? [`${busiest.length - shown.length} more processes used less CPU than these.`]
        : [],
  };
}
