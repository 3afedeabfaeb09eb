import { formatCount, formatPercent } from '../format.ts';
import type { RunResult } from '../result.ts';
import { reasonTable } from './reasons.ts';
import { cell, type Fact, fact, type Section, textColumn, valueColumn } from './section.ts';

type Outcome = RunResult['outcome'];

/** Failures by class, and what became of every message. */
export function ledgerSection({ outcome }: RunResult): Section {
  return {
    id: 'ledger',
    title: 'Ledger',
    facts: factsOf(outcome),
    tables: outcome.failedTotal > 0 ? failureTables(outcome) : [],
    notes: notesOf(outcome),
  };
}

function factsOf(outcome: Outcome): Fact[] {
  const missing = (label: string, count: number): Fact =>
    fact(label, formatCount(count), ...(count > 0 ? (['bad'] as const) : []));
  return [
    fact('sent', formatCount(outcome.sent)),
    fact(
      'delivered',
      `${formatCount(outcome.delivered)} of ${formatCount(outcome.expectedDeliveries)}`,
    ),
    missing('lost', outcome.lost),
    missing('lost replies', outcome.lostReplies),
    missing('late', outcome.late),
    missing('duplicated', outcome.duplicated),
    missing('redelivered', outcome.redelivered),
    missing('reordered', outcome.reordered),
    missing('unroutable', outcome.unroutable),
    missing('unknown', outcome.unknown),
  ];
}

/** Reasons that a short report has room for. */
const reasonRows = 12;

function failureTables(outcome: Outcome): Section['tables'] {
  // A result of an earlier version has no reasons.
  const why = reasonTable(
    outcome.reasons ?? {},
    "Why, in the bus's own words where it said anything",
    reasonRows,
  );
  return [failureTable(outcome), ...(why === null ? [] : [why])];
}

function failureTable({ failed, failedTotal, due }: Outcome): Section['tables'][number] {
  const classes = Object.entries(failed)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  return {
    caption: 'Failures by class',
    columns: [textColumn('class'), ...['count', 'of failures', 'of due'].map(valueColumn)],
    rows: classes.map(([name, count]) => [
      cell(name),
      cell(formatCount(count)),
      cell(formatPercent(count / failedTotal)),
      cell(formatPercent(due === 0 ? 0 : count / due)),
    ]),
  };
}

function notesOf(outcome: Outcome): string[] {
  const notes: string[] = [];
  if (outcome.completed + outcome.failedTotal !== outcome.due) {
    notes.push(
      `The books do not balance: ${formatCount(outcome.due)} due, but ${formatCount(outcome.completed)} completed and ${formatCount(outcome.failedTotal)} failed.`,
    );
  }
  if (outcome.unknown > 0) {
    notes.push('Unknown: only an agent that was killed could have told what became of them.');
  }
  return notes;
}
