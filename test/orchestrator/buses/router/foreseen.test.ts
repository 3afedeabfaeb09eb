import { describe, expect, it } from 'vitest';
import { multipliedCopies } from '../../../../orchestrator/buses/router/router.ts';
import type { ScenarioWith } from '../../../../topologies/scenario.ts';
import { busWith } from '../../../helpers/buses.ts';
import { scenario } from '../../../reports/reconcile/synthetic.ts';

const sites = ['paris', 'lyon', 'nice'];

function of(graph: string, pattern: 'call' | 'fanout'): ScenarioWith<'router'> {
  const link = { delayMs: 5, jitterMs: 0, lossPercent: 0, rateMbps: null };
  const links = sites.flatMap((from) =>
    sites.flatMap((to) => (to === from ? [] : [{ from, to, ...link }])),
  );
  const bus = busWith('router', { graph }, sites);
  return scenario({ pattern }, { links, bus }) as ScenarioWith<'router'>;
}

describe('copies that qdrouterd multiplies', () => {
  it('are foretold where the graph has a cycle', () => {
    expect(multipliedCopies(of('complete', 'fanout'), 'qdrouterd')).toEqual([
      expect.stringMatching(/graphs with cycles, as this one of 3 routers and 3 connections is/),
    ]);
    expect(multipliedCopies(of('ring', 'fanout'), 'qdrouterd')).toHaveLength(1);
  });

  it.each([
    ['of skrouterd', 'complete', 'fanout', 'skrouterd'],
    ['of calls, which go to one server', 'complete', 'call', 'qdrouterd'],
    ['in a line', 'line', 'fanout', 'qdrouterd'],
    ['in a star', 'star', 'fanout', 'qdrouterd'],
    ['where no router was found', 'complete', 'fanout', null],
  ] as const)('are not %s', (_, graph, pattern, program) => {
    expect(multipliedCopies(of(graph, pattern), program)).toEqual([]);
  });
});
