import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../orchestrator/errors.ts';
import { scenarios } from '../../../orchestrator/read/ready-made.ts';
import { loadScenario, scenarioYaml } from '../../../orchestrator/read/scenario.ts';
import { scenarioJsonSchema } from '../../../topologies/scenario.ts';
import { base } from '../../helpers/resolved.ts';
import { minimal, resolve } from '../../helpers/scenarios.ts';

describe('a scenario', () => {
  it('has defaults for all but schema, sites and bus', async () => {
    expect(await resolve(minimal)).toEqual(base);
  });

  it('understands every key of the contract', async () => {
    const scenario = await resolve(`
schema: busbench/scenario/1
name: three-sites
seed: 7
sites: [paris, lyon, nice]
fabric: loopback
links:
  default: { delay: 10ms }
  constraints:
    - { src: paris, dst: nice, delay: 40ms, jitter: 2ms, rate: 1gbit }
    - { src: lyon, dst: paris, delay: 15ms, symmetric: false }
bus: { type: zeromq, choice: random }
guarantee: at-most-once
servers: { count: 3, placement: even }
clients: { count: 300, placement: even, connections: shared, failover: false, reconnect: { min: 200ms, max: 2s } }
workload:
  pattern: call
  target: one
  topics: 1
  pace: { rate: 60/m, arrivals: { ramp: [{ to: 2000/s, over: 30s }] } }
  body: { min: 64, max: 2kB }
  reply: empty
  hold: { mean: 5ms, distribution: exponential }
  timeout: 4s
phases: { warmup: 1s, measure: { calls: 100 }, drain: 4s }
faults:
  - { at: 3s, for: 2s, action: partition, between: [paris, lyon] }
  - { at: 4s, for: 1s, action: degrade, between: [[paris, lyon], [nice]], oneWay: true, link: { delay: 90ms } }
  - { at: 6s, for: 1400ms, action: pause, node: server.paris }
  - { at: 7s, action: disconnect, each: client, wait: 10ms }
expect: [ "latency.response.p99 < 50ms", "outcome.lost == 0", "locality.localRatio >= 0.9" ]
`);
    const link = (from: string, to: string) =>
      scenario.links.find((l) => l.from === from && l.to === to);
    expect(scenario.links).toHaveLength(6);
    const faraway = { delayMs: 40, jitterMs: 2, lossPercent: 0, rateMbps: 1000 };
    expect(link('paris', 'nice')).toMatchObject(faraway);
    expect(link('nice', 'paris')).toMatchObject(faraway);
    expect(link('lyon', 'paris')).toMatchObject({ delayMs: 15 });
    expect(link('paris', 'lyon')).toMatchObject({ delayMs: 10, rateMbps: null });
    expect(scenario.workload).toMatchObject({
      target: 'one',
      pace: {
        kind: 'open',
        ratePerSecond: 1,
        arrivals: 'constant',
        ramp: [{ toPerSecond: 2000, overMs: 30_000 }],
      },
      body: { kind: 'uniform', minBytes: 64, maxBytes: 2000 },
      reply: { kind: 'empty' },
      hold: { meanMs: 5, distribution: 'exponential' },
    });
    expect(scenario.phases.measure).toEqual({ kind: 'calls', perClient: 100 });
    expect(scenario.faults).toEqual([
      {
        start: { kind: 'at', ms: 3000 },
        forMs: 2000,
        optional: false,
        action: 'partition',
        target: { kind: 'between', groups: [['paris'], ['lyon']], oneWay: false },
        link: null,
      },
      {
        start: { kind: 'at', ms: 4000 },
        forMs: 1000,
        optional: false,
        action: 'degrade',
        target: { kind: 'between', groups: [['paris', 'lyon'], ['nice']], oneWay: true },
        link: { delayMs: 90 },
      },
      {
        start: { kind: 'at', ms: 6000 },
        forMs: 1400,
        optional: false,
        action: 'pause',
        target: { kind: 'node', name: 'server.paris' },
        link: null,
      },
      {
        start: { kind: 'at', ms: 7000 },
        forMs: null,
        optional: false,
        action: 'disconnect',
        target: { kind: 'each', of: 'client', waitMs: 10 },
        link: null,
      },
    ]);
  });

  it('takes a placement map, whose sum is the count', async () => {
    const text = `${minimal}servers: { placement: { paris: 2, lyon: 1 } }\n`;
    expect((await resolve(text)).servers).toEqual({ count: 3, placement: { paris: 2, lyon: 1 } });
  });

  it('is the same again when its resolved form is parsed', async () => {
    const first = await resolve(minimal, 'links.default.delay=10us', 'workload.pace={pause: 3m}');
    expect(await resolve(scenarioYaml(first))).toEqual(first);
  });
});

describe('ready-made scenarios', () => {
  it('all parse, are named after their file and say what they are', async () => {
    const all = await scenarios.list();
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['quickstart', 'floor', 'tc1', 'tc2', 'tc3', 'tc4']),
    );
    for (const { name, about } of all) {
      expect(about.length).toBeGreaterThan(20);
      const { scenario } = await loadScenario(name, []);
      expect(scenario.name).toBe(name);
    }
  });

  it.each(['tc1', 'tc2', 'tc3', 'tc4'])('%s runs on a RabbitMQ cluster as well', async (name) => {
    const { scenario } = await loadScenario(name, ['bus.type=rabbitmq']);
    expect(scenario.bus.nodes).toEqual(['paris', 'lyon', 'nice']);
  });

  it('are found by name, files by path, and a typo of a name is told', async () => {
    expect((await loadScenario('topologies/floor.yaml', [])).scenario.name).toBe('floor');
    const failure = await loadScenario('quikstart', []).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure).toMatchObject({ code: 'SCENARIO_UNREADABLE' });
    expect((failure as UsageError).hint).toContain('quickstart');
  });
});

describe('merge keys', () => {
  it('lend what the map around them does not say itself', async () => {
    const text = `${minimal}links:
  default: &wan { delay: 5ms, jitter: 1ms }
  constraints:
    - { <<: *wan, src: paris, dst: lyon, jitter: 2ms }
`;
    const { links } = await resolve(text);
    expect(links[0]).toMatchObject({ to: 'lyon', delayMs: 5, jitterMs: 2 });
  });
});

describe('the JSON Schema', () => {
  it('describes every section and requires what has no default', () => {
    const schema = scenarioJsonSchema() as Record<string, unknown>;
    expect(schema['required']).toEqual(['schema', 'sites', 'bus']);
    expect(Object.keys(schema['properties'] as object)).toEqual(
      expect.arrayContaining(['links', 'bus', 'workload', 'phases', 'faults', 'expect']),
    );
    expect(JSON.stringify(schema)).toContain('one-way delay; the round trip is twice this');
  });
});
