import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../../reports/result.ts';
import { headline } from '../../../reports/sections/headline.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const clean = { failedTotal: 0, lost: 0, lostReplies: 0, duplicated: 0, unknown: 0 };

function wordOf(status: RunResult['verdict']['status'], outcome: Partial<RunResult['outcome']>) {
  const { result } = makeRecord();
  const { label, tone } = headline({
    ...result,
    verdict: { ...result.verdict, status },
    outcome: { ...result.outcome, due: 200, sent: 100, delivered: 50, ...clean, ...outcome },
  });
  return [label, tone];
}

describe('the word at the top of a report', () => {
  it('is OK only where nothing failed, was lost or came twice', () => {
    expect(wordOf('ok', {})).toEqual(['OK', 'good']);
    expect(wordOf('ok', { redelivered: 3, late: 1, reordered: 2 })).toEqual(['OK', 'good']);
  });

  it.each([
    [{ failedTotal: 3 }, 'MEASURED, 1.50 % failed'],
    [{ lost: 28 }, 'MEASURED, 28 % lost'],
    [{ lostReplies: 1 }, 'MEASURED, 1 % of replies lost'],
    [{ duplicated: 50 }, 'MEASURED, 100 % twice'],
    [{ unknown: 2 }, 'MEASURED, 1 % unknown'],
    [{ lost: 10, failedTotal: 20 }, 'MEASURED, 10 % failed, 10 % lost'],
  ])('says what happened: %o', (outcome, word) => {
    const [label, tone] = wordOf('ok', outcome);
    expect(label).toBe(word);
    expect(tone).toBe('warn');
  });

  it('is that of the status where the run is not ok', () => {
    expect(wordOf('expectation-missed', { lost: 28 })).toEqual(['EXPECTATION MISSED', 'bad']);
    expect(wordOf('interrupted', { lost: 28 })).toEqual(['INTERRUPTED', 'warn']);
  });
});
