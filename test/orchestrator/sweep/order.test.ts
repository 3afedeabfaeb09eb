import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { busKey, fabricKey, ordered, shuffled } from '../../../orchestrator/sweep/order.ts';
import { parseSweep } from '../../../orchestrator/sweep/spec.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { busWith } from '../../helpers/buses.ts';
import { scenario } from '../../reports/reconcile/synthetic.ts';

describe('keys of deployments', () => {
  const base = scenario();
  const change = (more: Partial<ResolvedScenario>): ResolvedScenario => ({ ...base, ...more });

  it('are equal where only peers, load, phases, faults and expectations differ', () => {
    const { clients, workload } = base;
    const same = [
      change({ name: 'other', expect: ['outcome.lost == 0'] }),
      change({ clients: { ...clients, count: 99 }, servers: { count: 7, placement: 'even' } }),
      change({ workload: { ...workload, timeoutMs: 1, pace: { kind: 'inFlight', inFlight: 2 } } }),
      change({ phases: { ...base.phases, warmupMs: 7 } }),
    ];
    for (const other of same) expect(busKey(other)).toBe(busKey(base));
  });

  it('differ where the bus would be another', () => {
    const { clients, workload, links } = base;
    const others = [
      change({ bus: busWith('zeromq', { mode: 'proxy' }, ['paris', 'lyon']) }),
      change({ guarantee: 'at-least-once' }),
      change({ workload: { ...workload, topics: 2 } }),
      change({ workload: { ...workload, pattern: 'fanout' } }),
      change({ clients: { ...clients, failover: true } }),
      change({ links: links.map((link) => ({ ...link, delayMs: 11 })) }),
    ];
    for (const other of others) expect(busKey(other)).not.toBe(busKey(base));
    expect(fabricKey(others[0] ?? base)).toBe(fabricKey(base));
    expect(fabricKey(others[5] ?? base)).not.toBe(fabricKey(base));
  });
});

describe('ordered', () => {
  const spec = (more: string): ReturnType<typeof parseSweep> =>
    parseSweep(
      `schema: busbench/sweep/1\nscenario: quickstart\nmatrix: { n: [1, 2, 3], bus: [a, b] }\n${more}`,
      'f',
    );
  const points = [1, 2, 3].flatMap((n) =>
    ['a', 'b'].map((name) => ({
      settings: { n, bus: name },
      scenario: scenario({}, { bus: busWith('zeromq', { hwm: name === 'a' ? 1 : 2 }, []) }),
    })),
  );

  it('keeps the given order, or shuffles by the seed and keeps deployments together', () => {
    expect(ordered(points, spec('order: given'))).toEqual(points);
    const first = ordered(points, spec('seed: 1'));
    expect(ordered(points, spec('seed: 1'))).toEqual(first);
    const orders = [1, 2, 3, 4, 5].map((seed) =>
      JSON.stringify(ordered(points, spec(`seed: ${seed}`))),
    );
    expect(new Set(orders).size).toBeGreaterThan(1);
    const buses = first.map(({ settings }) => settings.bus);
    expect(buses.filter((bus, i) => bus !== buses[i - 1])).toHaveLength(2);
  });

  it('lets an axis grow that is to be stopped', () => {
    const stopping = spec('stopWhen: { along: n, condition: "outcome.lost > 0" }');
    for (const name of ['a', 'b']) {
      const along = ordered(points, stopping).filter(({ settings }) => settings.bus === name);
      expect(along.map(({ settings }) => settings.n)).toEqual([1, 2, 3]);
    }
  });

  it('loses and doubles nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 0, max: 2 ** 31 }), (items, seed) => {
        expect(shuffled(items, seed).sort()).toEqual([...items].sort());
      }),
    );
  });
});
