import { describe, expect, it } from 'vitest';
import { expectationsOf } from '../../../reports/verdict/implied.ts';
import { makeRecord } from '../../helpers/record/record.ts';
import { scenario } from '../reconcile/synthetic.ts';

const { result } = makeRecord();
const seen = {
  ...result,
  outcome: { ...result.outcome, completed: 90, lost: 2, lostReplies: 3, duplicated: 4 },
};

function judged(
  more: Parameters<typeof scenario>[1],
  workload: Parameters<typeof scenario>[0] = {},
) {
  return expectationsOf(scenario(workload, more), seen).map(
    ({ expression, implied, met }) => `${implied ? 'implied ' : ''}${expression} ${met}`,
  );
}

describe('what a scenario expects without writing it', () => {
  it('is that at most once nothing comes twice', () => {
    expect(judged({ guarantee: 'at-most-once' })).toEqual([
      'implied outcome.completed > 0 true',
      'implied outcome.duplicated == 0 false',
    ]);
  });

  it('is that at least once nothing is lost, of calls no reply either', () => {
    expect(judged({ guarantee: 'at-least-once' })).toEqual([
      'implied outcome.completed > 0 true',
      'implied outcome.lost == 0 false',
      'implied outcome.lostReplies == 0 false',
    ]);
    expect(judged({ guarantee: 'at-least-once' }, { pattern: 'cast' })).toEqual([
      'implied outcome.completed > 0 true',
      'implied outcome.lost == 0 false',
    ]);
  });

  it('gives way to a line of the author on the same path, and to no other', () => {
    const expect_ = ['outcome.duplicated <= 4', 'outcome.late == 0'];
    expect(judged({ guarantee: 'at-most-once', expect: expect_ })).toEqual([
      'outcome.duplicated <= 4 true',
      `outcome.late == 0 ${result.outcome.late === 0}`,
      'implied outcome.completed > 0 true',
    ]);
  });

  it('is nothing where there is no bus', () => {
    expect(judged({ bus: { type: 'none', nodes: [], options: {} } })).toEqual([]);
  });
});
