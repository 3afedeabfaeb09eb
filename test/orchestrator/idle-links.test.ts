import { describe, expect, it } from 'vitest';
import { idleLooks, idleNotes } from '../../orchestrator/idle-links.ts';
import { makePlan } from '../../orchestrator/plan/plan.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { base } from '../helpers/resolved.ts';

/** A site is the farther from another the farther apart their numbers are. */
function withSites(count: number, over: Partial<ResolvedScenario> = {}): ResolvedScenario {
  const names = Array.from({ length: count }, (_, i) => `s${i}`);
  const links = names.flatMap((from, i) =>
    names.flatMap((to, j) => {
      const shape = { delayMs: Math.abs(i - j), jitterMs: 0, lossPercent: 0, rateMbps: null };
      return i === j ? [] : [{ from, to, ...shape }];
    }),
  );
  return { ...base, sites: names.map((name) => ({ name, hosts: [] })), links, ...over };
}

const everywhere = (count: number): Partial<ResolvedScenario> => ({
  servers: { ...base.servers, count },
  clients: { ...base.clients, count },
});

describe('idleLooks', () => {
  it('looks at all of a few links alike', () => {
    const plan = makePlan(withSites(3));
    const looks = idleLooks(plan);
    expect(looks.map(({ directions, probes }) => [directions.length, probes])).toEqual([[6, 200]]);
    expect(idleNotes(plan.scenario, looks)).toEqual([]);
  });

  it('looks closely at what carries something, and briefly at the rest', () => {
    const bus = { ...base.bus, nodes: ['s0'] };
    const plan = makePlan(withSites(20, { bus, ...everywhere(20) }));
    const [used, rest] = idleLooks(plan);
    expect(used?.directions).toHaveLength(2 * 19);
    expect(used?.directions.every(({ from, to }) => from === 's0' || to === 's0')).toBe(true);
    expect(used?.probes).toBe(105);
    expect(rest?.directions).toHaveLength(20 * 19 - 2 * 19);
    expect(rest?.probes).toBe(8);
    expect(idleNotes(plan.scenario, idleLooks(plan))).toEqual([
      'Of 380 directions between sites, 38 were measured while idle with 105 probes or more, and 342 that carry nothing of this run with 8.',
    ]);
  });

  it('samples what is too much, with every site and its nearest server in it', () => {
    const plan = makePlan(withSites(100, everywhere(100)));
    const [used, ...more] = idleLooks(plan);
    expect(more).toEqual([]);
    const directions = used?.directions ?? [];
    expect(directions.length).toBeGreaterThan(400);
    expect(directions.length).toBeLessThanOrEqual(500);
    expect(new Set(directions.map(({ from }) => from)).size).toBe(100);
    expect(new Set(directions.map(({ to }) => to)).size).toBe(100);
    const names = new Set(directions.map(({ from, to }) => `${from} ${to}`));
    expect(names.size).toBe(directions.length);
    expect(names).toContain('s0 s1');
    expect(names.has('s40 s39') || names.has('s40 s41')).toBe(true);
  });

  it('looks at every link where the links are all there is', () => {
    const bus = { type: 'none', nodes: [], options: {} } as const;
    const none = { ...base.clients, count: 0 };
    const scenario = withSites(10, { bus, clients: none, servers: { ...base.servers, count: 0 } });
    const looks = idleLooks(makePlan(scenario));
    expect(looks.map(({ directions, probes }) => [directions.length, probes])).toEqual([[90, 44]]);
  });
});
