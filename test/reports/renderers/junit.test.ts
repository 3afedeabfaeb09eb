import { describe, expect, it } from 'vitest';
import { junitRenderer } from '../../../reports/renderers/junit.ts';
import type { Verdict } from '../../../reports/result.ts';
import { makeRecord } from '../../helpers/record/record.ts';

function render(verdict: Partial<Verdict>): string {
  const record = makeRecord();
  const result = {
    ...record.result,
    name: 'a <b> & "c"',
    verdict: { ...record.result.verdict, ...verdict },
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
    expect(render({ status: 'ok' })).toContain(
      '<property name="verdict" value="MEASURED, 0.31 % failed, 0.020 % lost, 0.067 % of replies lost"/>',
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
