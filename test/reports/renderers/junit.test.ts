import { describe, expect, it } from 'vitest';
import { junitRenderer } from '../../../reports/renderers/junit.ts';
import type { RunResult, Verdict } from '../../../reports/result.ts';
import { makeRecord } from '../../helpers/record/record.ts';

function render(verdict: Partial<Verdict>, outcome: Partial<RunResult['outcome']> = {}): string {
  const record = makeRecord();
  const result = {
    ...record.result,
    name: 'a <b> & "c"',
    verdict: { ...record.result.verdict, ...verdict },
    outcome: { ...record.result.outcome, ...outcome },
  };
  return junitRenderer.render([{ ...record, result }]);
}

describe('junit', () => {
  it('has a case for the validity of the run and one for each expectation', () => {
    const xml = render({
      status: 'expectation-missed',
      failure: null,
      expectations: [
        { expression: 'latency.response.p99 < 50ms', implied: false, actual: 61_000, met: false },
        { expression: 'outcome.lost == 0', implied: true, actual: 0, met: true },
      ],
    });
    expect(xml).toContain('tests="3" failures="1" errors="0"');
    expect(xml).toContain(
      'name="latency.response.p99 &lt; 50ms"><failure message="expected latency.response.p99 &lt; 50ms, got 61000">',
    );
    expect(xml).toContain('name="outcome.lost == 0 (implied)"/>');
    expect(xml).toContain('classname="a &lt;b&gt; &amp; &quot;c&quot;"');
  });

  it('says what came of a run that met everything and yet was no success', () => {
    const some = { due: 200, sent: 200, delivered: 199, failedTotal: 5, duplicated: 0 };
    expect(render({ status: 'ok' }, { ...some, lost: 1, lostReplies: 4 })).toContain(
      '<property name="verdict" value="MEASURED, 2.50 % failed, 0.50 % lost, 2 % of replies lost"/>',
    );
  });

  it('makes an error of a run that is not to be trusted', () => {
    const failure = { code: 'BUS_NODE_DIED', message: 'bus-1 <died>\u0007', hint: 'Look.' };
    const xml = render({ status: 'failed', failure, expectations: [] });
    expect(xml).toContain('errors="1"');
    expect(xml).toContain(
      '<error message="failed: BUS_NODE_DIED: bus-1 &lt;died&gt;">Look.</error>',
    );
  });
});
