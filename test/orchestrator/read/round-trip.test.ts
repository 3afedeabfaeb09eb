import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { scenarioYaml } from '../../../orchestrator/read/scenario.ts';
import { bitRate, duration, percent, rate } from '../../../topologies/language/units.ts';
import { resolve } from '../../helpers/scenarios.ts';

const ms = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.integer({ min: Math.ceil(min), max }).map((n) => `${n}ms`),
    fc.double({ min, max, noNaN: true }).map(duration.format),
  );
const perSecond = fc.double({ min: 0.001, max: 5000, noNaN: true }).map(rate.format);
const sites = ['paris', 'lyon', 'nice'];

/** `lossless`: for a fabric that cannot lose packets. */
const linkValues = fc.record(
  {
    delay: ms(0, 400),
    jitter: ms(0, 9),
    loss: fc.constantFrom('0%', percent.format(0)),
    rate: fc.oneof(
      fc.constant('unlimited'),
      fc.double({ min: 1, max: 1e5, noNaN: true }).map(bitRate.format),
    ),
  },
  { requiredKeys: [] },
);

/** Constraints for some of the three pairs, some of them for one direction only. */
const constraints = fc
  .subarray([
    ['paris', 'lyon'],
    ['lyon', 'nice'],
    ['nice', 'paris'],
  ])
  .chain((pairs) =>
    fc.tuple(
      ...pairs.map(([src, dst]) =>
        fc
          .tuple(linkValues, fc.boolean())
          .map(([values, symmetric]) => ({ src, dst, symmetric, ...values })),
      ),
    ),
  );

const pace = fc.oneof(
  fc.record({
    rate: perSecond,
    arrivals: fc.oneof(
      fc.constantFrom('constant', 'poisson'),
      fc.record({
        ramp: fc.array(fc.record({ to: perSecond, over: ms(1, 60_000) }), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
    ),
  }),
  fc.record({ pause: ms(0, 10_000) }),
  fc.record({ inFlight: fc.integer({ min: 1, max: 500 }) }),
);

const scenario = fc.record({
  schema: fc.constant('busbench/scenario/1'),
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}$/),
  seed: fc.nat(),
  sites: fc.constant(sites),
  links: fc.record({ default: linkValues, constraints }),
  bus: fc.constantFrom(
    { type: 'memory' },
    { type: 'memory', loss: '1%', delay: '30us' },
    { type: 'zeromq' },
    { type: 'zeromq', choice: 'closest', hwm: 10 },
  ),
  servers: fc.oneof(
    fc.record({ count: fc.integer({ min: 3, max: 30 }) }),
    fc.record({ placement: fc.constantFrom({ paris: 4 }, { lyon: 3, nice: 0 }) }),
  ),
  clients: fc.record({
    count: fc.integer({ min: 1, max: 60 }),
    connections: fc.constantFrom('own', 'shared'),
    failover: fc.boolean(),
    reconnect: fc.record({ min: ms(1, 90), max: ms(100, 9000) }),
  }),
  workload: fc.record({
    pattern: fc.constantFrom('call', 'cast'),
    target: fc.constantFrom('any', 'one'),
    topics: fc.integer({ min: 1, max: 3 }),
    pace,
    body: fc.oneof(
      fc.integer({ min: 64, max: 9999 }),
      fc.constantFrom('2kB', { min: 64, max: 200 }),
      fc.constant({ file: 'gone.csv', rows: [[64, 0.25]] }),
    ),
    reply: fc.oneof(fc.constantFrom('echo', 'empty'), fc.integer({ min: 64, max: 999 })),
    hold: fc.oneof(
      ms(0, 50),
      fc.record({ mean: ms(0, 9), distribution: fc.constant('exponential') }),
    ),
    timeout: ms(10, 5000),
  }),
  phases: fc.record({
    warmup: ms(0, 5000),
    measure: fc.oneof(ms(1000, 20_000), fc.record({ calls: fc.integer({ min: 1, max: 500 }) })),
    drain: ms(5000, 9000),
  }),
  faults: fc.subarray([
    { at: '400ms', action: 'disconnect', each: 'client', wait: '3s' },
    { at: '1ms', action: 'restart', each: 'bus-node', optional: true },
    {
      at: '7us',
      for: '1s',
      action: 'partition',
      between: ['paris', ['lyon', 'nice']],
      oneWay: true,
    },
    {
      at: '0.9s',
      for: '1m',
      action: 'degrade',
      between: ['paris', 'lyon'],
      link: { delay: '9ms' },
    },
  ]),
  expect: fc.subarray(['outcome.lost == 0', 'latency.response.p99 < 50ms']),
});

/** Only a run with faults can end after them. */
function phasesOf({
  phases,
  faults,
}: {
  readonly phases: object & { readonly warmup: string };
  readonly faults: readonly unknown[];
}): object {
  if (faults.length < 2) return phases;
  return { ...phases, measure: { afterFaults: '1ms', atMost: '20s' } };
}

describe('scenarioYaml', () => {
  it('parses back to an equal scenario, whatever was in it', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (raw) => {
        const quiet = raw.bus.type === 'memory' ? { ...raw, faults: [] } : raw;
        const whole = { ...quiet, phases: phasesOf(quiet) };
        const first = await resolve(stringify(whole));
        const text = scenarioYaml(first);
        const second = await resolve(text);
        expect(second).toEqual(first);
        expect(scenarioYaml(second)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});
