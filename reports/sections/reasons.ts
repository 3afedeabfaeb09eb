import { formatCount } from '../format.ts';
import type { RunResult } from '../result.ts';
import { cell, type Table, textColumn, valueColumn } from './section.ts';

type Reasons = RunResult['outcome']['reasons'];

/** One row a class and reason, the most frequent first, at most `rows`; null where nothing is known. */
export function reasonTable(reasons: Reasons, caption: string, rows: number): Table | null {
  const all = ranked(reasons);
  if (all.length === 0) return null;
  const listed = all.slice(0, rows);
  const hidden = all.slice(rows).reduce((sum, { count }) => sum + count, 0);
  const more =
    hidden === 0 ? [] : [[cell('...'), cell(formatCount(hidden)), cell('more, in result.json')]];
  return {
    caption,
    columns: [textColumn('class'), valueColumn('count'), textColumn('reason')],
    rows: [
      ...listed.map(({ outcome, reason, count }) => [
        cell(outcome),
        cell(formatCount(count)),
        cell(reason),
      ]),
      ...more,
    ],
  };
}

interface RankedReason {
  readonly outcome: string;
  readonly reason: string;
  readonly count: number;
}

function ranked(reasons: Reasons): readonly RankedReason[] {
  return Object.entries(reasons)
    .flatMap(([outcome, ofClass]) =>
      Object.entries(ofClass).map(([reason, count]) => ({ outcome, reason, count })),
    )
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}
