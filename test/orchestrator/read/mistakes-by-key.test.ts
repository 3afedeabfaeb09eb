import { describe, expect, it } from 'vitest';
import { minimal, mistakesOf } from '../../helpers/scenarios.ts';

describe('mistakes', () => {
  const cases: readonly (readonly [what: string, line: string, path: string, message: string])[] = [
    ['a typo in a key', 'fabrik: loopback', 'fabrik', 'did you mean "fabric"?'],
    ['an unknown key', 'zzz: 1', 'zzz', 'known here: schema, name'],
    ['a wrong type', 'seed: many', 'seed', 'expected a number; got "many"'],
    ['a fraction', 'seed: 1.5', 'seed', 'expected a whole number; got 1.5'],
    ['nothing', 'workload:', 'workload', 'expected a map; got nothing'],
    [
      'a bare duration',
      'workload: { timeout: 5 }',
      'workload.timeout',
      'with its unit (us, ms, s, m, h or d)',
    ],
    ['a bare zero', 'workload: { hold: 0 }', 'workload.hold', 'a duration with its unit'],
    [
      'a bare rate',
      'workload: { pace: { rate: 1000 } }',
      'workload.pace.rate',
      'a rate with its unit (/s, /m or /h)',
    ],
    [
      'a bare loss',
      'links: { default: { loss: 1 } }',
      'links.default.loss',
      'a percentage with its unit (%)',
    ],
    [
      'a bare bandwidth',
      'links: { default: { rate: 5 } }',
      'links.default.rate',
      'a bit rate with its unit',
    ],
    ['a wrong unit', 'workload: { timeout: 5kg }', 'workload.timeout', 'got "5kg"'],
    [
      'a loss above 100 %',
      'links: { default: { loss: 101% } }',
      'links.default.loss',
      'from 0% to 100%',
    ],
    [
      'no rate at all',
      'workload: { pace: { rate: 0/s } }',
      'workload.pace.rate',
      'expected a rate from',
    ],
    [
      'two paces',
      'workload: { pace: { rate: 1/s, pause: 1s } }',
      'workload.pace',
      'expected one of { rate',
    ],
    [
      'a typo in a pace',
      'workload: { pace: { inflight: 3 } }',
      'workload.pace',
      'did you mean "inFlight"?',
    ],
    [
      'a typo in a choice',
      'workload: { pattern: cal }',
      'workload.pattern',
      'one of call, cast, fanout, notify; got "cal"; did you mean "call"?',
    ],
    [
      'a body beyond all bounds',
      'workload: { body: 100mB }',
      'workload.body',
      'expected a size from 64B to 64mB; got 100mB',
    ],
    ['a body below the header', 'workload: { body: 10 }', 'workload.body', 'at least 64'],
    [
      'a body upside down',
      'workload: { body: { min: 200, max: 100 } }',
      'workload.body',
      'min 200 is above max 100',
    ],
    [
      'an absent file',
      'workload: { body: { file: absent.csv } }',
      'workload.body.file',
      'cannot read absent.csv',
    ],
    [
      'a drain below the timeout',
      'phases: { drain: 1s }',
      'phases.drain',
      'at least workload.timeout (5000 ms)',
    ],
    ['no measuring', 'phases: { measure: 0s }', 'phases.measure', 'expected a duration from'],
    [
      'fewer servers than topics',
      'workload: { topics: 5 }',
      'servers.count',
      'at least one server a topic: 5 topics, 3 servers',
    ],
    [
      'fewer servers than pools',
      'workload: { pattern: notify, pools: 4 }',
      'workload.pools',
      'a server for each of 4 pools',
    ],
    [
      'pools without notify',
      'workload: { pools: 2 }',
      'workload.pools',
      'pools are for pattern notify',
    ],
    [
      'one target of a fanout',
      'workload: { pattern: fanout, target: one }',
      'workload.target',
      'target one is for call and cast',
    ],
    [
      'an unknown site in a placement',
      'clients: { placement: { lyn: 3 } }',
      'clients.placement.lyn',
      'did you mean "lyon"?',
    ],
    [
      'a placement against its count',
      'clients: { count: 4, placement: { lyon: 3 } }',
      'clients.placement',
      'places 3 clients where clients.count says 4',
    ],
    [
      'an empty placement',
      'clients: { placement: { lyon: 0 } }',
      'clients.placement',
      'places no clients anywhere',
    ],
    [
      'a link to itself',
      'links: { constraints: [{ src: lyon, dst: lyon }] }',
      'links.constraints[0].dst',
      'two distinct sites',
    ],
    [
      'an unknown site in a link',
      'links: { constraints: [{ src: lyon, dst: nize }] }',
      'links.constraints[0].dst',
      'unknown site "nize"; did you mean "nice"?',
    ],
    [
      'a link given twice',
      'links: { constraints: [{ src: lyon, dst: nice }, { src: nice, dst: lyon }] }',
      'links.constraints[1]',
      'already given by constraints[0]',
    ],
    [
      'a fault on an unknown node',
      'faults: [{ at: 1s, for: 1s, action: pause, node: server.pari }]',
      'faults[0].node',
      'did you mean "server.paris"?',
    ],
    [
      'a fault on an absent bus node',
      'faults: [{ at: 1s, for: 1s, action: pause, node: bus-1 }]',
      'faults[0].node',
      'unknown node "bus-1"',
    ],
    [
      'a fault between unknown sites',
      'faults: [{ at: 1s, for: 1s, action: partition, between: [paris, x] }]',
      'faults[0].between[1]',
      'unknown site "x"',
    ],
    [
      'a fault that the fabric cannot do',
      'faults: [{ at: 1s, for: 1s, action: degrade, between: [paris, lyon], link: { delay: 9ms, loss: 5% } }]',
      'faults[0].link.loss',
      'cannot lose packets (paris to lyon: 5 %)',
    ],
    [
      'a fault without a target',
      'faults: [{ at: 1s, action: kill }]',
      'faults[0].node',
      'kill needs node',
    ],
    [
      'a fault without its length',
      'faults: [{ at: 1s, action: pause, node: server.lyon }]',
      'faults[0].for',
      'pause needs for',
    ],
    [
      'a fault after the end',
      'faults: [{ at: 1m, for: 1s, action: pause, node: server.lyon }]',
      'faults[0].at',
      'before the end of measuring',
    ],
    [
      'a fault on the wrong thing',
      'faults: [{ at: 1s, for: 1s, action: pause, between: [paris, lyon] }]',
      'faults[0].between',
      'acts on a node',
    ],
    [
      'a client process restarted',
      'faults: [{ at: 1s, action: restart, node: client.lyon }]',
      'faults[0].node',
      'clients are the load itself',
    ],
    [
      'a fault at no time',
      'faults: [{ action: restart, node: server.lyon }]',
      'faults[0].at',
      'expected one of at: 3s and after: 3s; got neither',
    ],
    [
      'a fault at two times',
      'faults: [{ at: 1s, after: 1s, action: restart, node: server.lyon }]',
      'faults[0].at',
      'got both',
    ],
    [
      'a first fault after another',
      'faults: [{ after: 1s, action: restart, node: server.lyon }]',
      'faults[0].after',
      'no fault before it',
    ],
    [
      'every node of a bus that has none',
      'faults: [{ at: 1s, action: restart, each: bus-node }]',
      'faults[0].each',
      'optional: true leaves it out',
    ],
    [
      'a window after faults that are none',
      'phases: { measure: { afterFaults: 1s, atMost: 20s } }',
      'phases.measure.afterFaults',
      'no faults',
    ],
    [
      'a share of a capacity that nothing tells',
      'workload: { pattern: cast, pace: { load: 50% } }',
      'workload.pace',
      'load is for pattern call',
    ],
    ['an expectation that is none', 'expect: ["low latency"]', 'expect[0]', 'path op literal'],
    [
      'an expectation of nothing',
      'expect: ["outcome.lots == 0"]',
      'expect[0]',
      'did you mean "lost"?',
    ],
    [
      'an expectation in a wrong unit',
      'expect: ["latency.response.p99 < 5kg"]',
      'expect[0]',
      'expected a unit of us, ms',
    ],
    [
      'a ledger beyond its bound',
      'workload: { pace: { rate: 1e6/s } }\nphases: { measure: 2h }',
      'phases.measure',
      'MiB',
    ],
  ];

  it.each(cases)('%s', async (_what, line, path, message) => {
    const found = await mistakesOf(`${minimal}${line}\n`);
    expect(found.map((mistake) => mistake.path)).toEqual([path]);
    expect(found[0]?.message).toContain(message);
    expect(found[0]?.line).toBeGreaterThanOrEqual(path.startsWith('servers') ? 1 : 4);
    expect(found[0]?.column).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ['schema', 'sites: [a]\nbus: { type: memory }', 'is missing; expected busbench/scenario/1'],
    ['sites', 'schema: busbench/scenario/1\nbus: { type: memory }', 'is missing; expected a list'],
    ['bus', 'schema: busbench/scenario/1\nsites: [a]', 'is missing; expected a map'],
    [
      'bus.type',
      'schema: busbench/scenario/1\nsites: [a]\nbus: { type: rabitmq }',
      'expected one of zeromq, rabbitmq, router, external, memory, none; got "rabitmq"; did you mean "rabbitmq"?',
    ],
    ['', '[]', 'expected a map; got a list of 0'],
    ['', '', 'expected a map; got nothing'],
    [
      'sites[1]',
      'schema: busbench/scenario/1\nsites: [a, a]\nbus: { type: memory }',
      'listed twice',
    ],
    [
      'sites[0]',
      'schema: busbench/scenario/1\nsites: [5]\nbus: { type: memory }',
      'expected a text; got 5',
    ],
    [
      'sites[0]',
      'schema: busbench/scenario/1\nsites: ["a b"]\nbus: { type: memory }',
      'a letter, then',
    ],
  ])('in what is required: %s', async (path, text, message) => {
    const found = await mistakesOf(text);
    expect(found.map((mistake) => mistake.path)).toEqual([path]);
    expect(found[0]?.message).toContain(message);
  });
});
