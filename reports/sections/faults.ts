import { formatCount, formatDurationMs } from '../format.ts';
import type { RunResult } from '../result.ts';
import { cell, type Section, textColumn, valueColumn } from './section.ts';

/** What broke when, what failed meanwhile, and when all was well again; null for a run without faults. */
export function faultSection({ faults }: RunResult): Section | null {
  if (faults.length === 0) return null;
  return {
    id: 'faults',
    title: 'Faults',
    facts: [],
    tables: [
      {
        caption: 'from, to: since the start of measuring; +: after its start, then after its end',
        columns: [
          textColumn('action'),
          textColumn('target'),
          ...['from', 'to', 'failed', 'first failure', 'first success', 'recovered'].map(
            valueColumn,
          ),
        ],
        rows: faults.map((fault) => {
          const failed = Object.values(fault.failedDuring).reduce((sum, count) => sum + count, 0);
          return [
            cell(fault.action),
            cell(fault.target),
            cell(formatDurationMs(fault.startedAtMs)),
            cell(formatDurationMs(fault.endedAtMs)),
            cell(formatCount(failed), ...(failed > 0 ? (['bad'] as const) : [])),
            cell(after(fault.firstFailureMs)),
            cell(after(fault.firstSuccessAfterMs)),
            fault.recoveredMs === null ? cell('not seen', 'bad') : cell(after(fault.recoveredMs)),
          ];
        }),
      },
    ],
    notes: faults.some(({ recoveredMs }) => recoveredMs === null)
      ? [
          '"not seen": the window ended, or another fault began, before three good seconds in a row.',
        ]
      : [],
  };
}

function after(delayMs: number | null): string {
  return delayMs === null ? '-' : `+${formatDurationMs(delayMs)}`;
}
