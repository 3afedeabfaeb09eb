import { describe, expect, it } from 'vitest';
import { conclude } from '../../../reports/conclude.ts';
import { evidence, scenario, warned } from '../reconcile/synthetic.ts';

const { result } = conclude(evidence(scenario({}, {}), []));

function warningsFor(counters: Record<string, number>, details: Record<string, number> = {}) {
  const node = { name: 'bus-1', site: 'paris', version: 'skrouterd 3.5.1', counters };
  const bus = { ...result.bus, nodes: [node, { ...node, name: 'bus-2' }], details };
  const pair = (server: string, count: number) => {
    return {
      client: 'paris',
      server,
      count,
      p50Us: null,
      p99Us: null,
      requestLegP50Us: null,
      replyLegP50Us: null,
    };
  };
  const locality = { ...result.locality, matrix: [pair('paris', 90), pair('lyon', 10)] };
  return ['DROPPED_PRESETTLED', 'LOCALITY_DISAGREES'].flatMap((code) =>
    warned(code, { bus, locality }),
  );
}

describe('what routers say of themselves', () => {
  it('is nothing when they dropped nothing and count as we do', () => {
    expect(warningsFor({ droppedPresettled: 0 }, { routerLocalShare: 0.88 })).toEqual([]);
    expect(warningsFor({})).toEqual([]);
  });

  it('adds up the pre-settled deliveries that all nodes dropped', () => {
    const [warning] = warningsFor({ droppedPresettled: 7 });
    expect(warning).toMatchObject({ code: 'DROPPED_PRESETTLED', value: 14, invalidates: false });
  });

  it('puts both numbers side by side where they disagree about locality', () => {
    const [warning] = warningsFor({}, { routerLocalShare: 0.5 });
    expect(warning?.code).toBe('LOCALITY_DISAGREES');
    expect(warning?.message).toContain('50.0 %');
    expect(warning?.message).toContain('90.0 %');
  });
});
