import type { ResolvedScenario } from '../../topologies/scenario.ts';

const sites = ['paris', 'lyon', 'nice'];

/**
 * What the `minimal` scenario resolves to, every default in the order of the schema. Others start from it; that the
 * resolver agrees is a test of `scenario.test.ts`.
 */
export const base: ResolvedScenario = {
  schema: 'busbench/scenario/1',
  name: 'test',
  seed: 1,
  sites: sites.map((name) => ({ name, hosts: [] })),
  fabric: 'loopback',
  agents: { processes: 1, pack: 'auto' },
  links: sites.flatMap((from) =>
    sites
      .filter((to) => to !== from)
      .map((to) => ({ from, to, delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null })),
  ),
  bus: {
    type: 'zeromq',
    nodes: [],
    options: { mode: 'direct', choice: 'round-robin', hwm: 1000, ioThreads: 1 },
  },
  guarantee: 'at-most-once',
  servers: { count: 3, placement: 'even' },
  clients: {
    count: 30,
    placement: 'even',
    connections: 'own',
    failover: false,
    reconnect: { minMs: 100, maxMs: 5000 },
  },
  workload: {
    pattern: 'call',
    target: 'any',
    topics: 1,
    pools: 1,
    pace: { kind: 'open', ratePerSecond: 100, arrivals: 'constant', ramp: [] },
    body: { kind: 'fixed', bytes: 1024 },
    reply: { kind: 'echo' },
    hold: { meanMs: 0, distribution: 'constant' },
    timeoutMs: 5000,
  },
  phases: { warmupMs: 2000, measure: { kind: 'duration', ms: 10_000 }, drainMs: 5000 },
  faults: [],
  expect: [],
};
