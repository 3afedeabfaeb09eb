import { z } from 'zod';
import { minBodyBytes } from '../../agents/header.ts';
import type { BodySize, Pace, PhasesSpec, WorkloadSpec } from '../../topologies/scenario.ts';
import { list, oneOf, quantityType, shape, whole } from './schema-parts.ts';
import { duration, percent, rate, size } from './units.ts';

/** A body as written: a distribution file may still have to be read. */
type BodyShape = BodySize | { readonly kind: 'file'; readonly file: string };

/** `workload:` after its units, before its files were read. */
export interface WorkloadShape extends Omit<WorkloadSpec, 'body'> {
  readonly body: BodyShape;
}

/** `phases:` after its units; an absent drain lasts as long as the timeout. */
export interface PhasesShape extends Omit<PhasesSpec, 'drainMs'> {
  readonly drainMs: number | undefined;
}

const slowest = 1e-6;
const maxBytes = size.max;

const rampType = list(
  shape({
    to: quantityType(rate, 'the rate at the end of this stretch', slowest),
    over: quantityType(duration, 'how long the straight line to it takes', 0.001),
  }),
).min(1);

const openPace = shape({
  rate: quantityType(rate, 'operations offered by all clients together', slowest),
  arrivals: z
    .union(
      [z.literal('constant'), z.literal('poisson'), shape({ ramp: rampType })],
      oneOf('constant, poisson or { ramp: [{ to: 2000/s, over: 30s }] }', [
        'constant',
        'poisson',
        'ramp',
      ]),
    )
    .prefault('constant')
    .meta({ description: 'how operations follow each other' }),
}).transform(({ rate: ratePerSecond, arrivals }): Pace => {
  if (typeof arrivals === 'string') return { kind: 'open', ratePerSecond, arrivals, ramp: [] };
  const ramp = arrivals.ramp.flatMap((step) =>
    step === undefined ? [] : [{ toPerSecond: step.to, overMs: step.over }],
  );
  return { kind: 'open', ratePerSecond, arrivals: 'constant', ramp };
});

const loadPace = shape({
  load: quantityType(percent, "share of the bus's capacity, which is measured first", 1),
  arrivals: z.enum(['constant', 'poisson']).prefault('constant'),
}).transform(({ load, arrivals }): Pace => {
  return { kind: 'open', ratePerSecond: 0, arrivals, ramp: [], loadPercent: load };
});

const pausePace = shape({
  pause: quantityType(duration, 'pause of each client between a reply and its next operation'),
}).transform(({ pause }): Pace => ({ kind: 'pause', pauseMs: pause }));

const inFlightPace = shape({
  inFlight: whole(1, 100_000, 'operations each client keeps open at all times'),
}).transform(({ inFlight }): Pace => ({ kind: 'inFlight', inFlight }));

const paceType = z
  .union(
    [openPace, loadPace, pausePace, inFlightPace],
    oneOf(
      'one of { rate: 1000/s, arrivals: constant }, { load: 50% }, { pause: 100ms } or { inFlight: 10 }',
      ['rate', 'load', 'arrivals', 'pause', 'inFlight'],
    ),
  )
  .prefault({ rate: '100/s' })
  .meta({ description: 'open loop (rate, load) or closed loop (pause, inFlight)' });

function bytes(min: number, description: string): z.ZodType<number, number | string> {
  return z.union(
    [
      whole(min, maxBytes, description),
      quantityType(size, description, min).refine(Number.isInteger, {
        error: 'expected whole bytes',
      }),
    ],
    oneOf(`bytes, such as 1024 or 64kB (at least ${min})`, []),
  );
}

const rowType = z.tuple([
  whole(minBodyBytes, maxBytes, 'bytes'),
  z.number().positive().meta({ description: 'weight' }),
]);

const uniformBody = shape({
  min: bytes(minBodyBytes, 'smallest body'),
  max: bytes(minBodyBytes, 'largest body'),
}).transform(({ min, max }): BodyShape => ({ kind: 'uniform', minBytes: min, maxBytes: max }));

const fileBody = shape({
  file: z
    .string()
    .min(1)
    .meta({ description: 'CSV of bytes,weight; relative to the scenario file' }),
  rows: z
    .array(rowType)
    .min(1)
    .optional()
    .meta({ description: 'the rows of the file, when it is not to be read again' }),
}).transform(({ file, rows }): BodyShape => {
  return rows === undefined ? { kind: 'file', file } : { kind: 'weighted', file, rows };
});

const bodyType = z
  .union(
    [
      bytes(minBodyBytes, 'bytes of every message').transform(
        (n): BodyShape => ({ kind: 'fixed', bytes: n }),
      ),
      uniformBody,
      fileBody,
    ],
    oneOf(`bytes (at least ${minBodyBytes}), { min, max } or { file }`, ['min', 'max', 'file']),
  )
  .prefault(1024)
  .meta({ description: 'size of a message, header included' });

const replyType = z
  .union(
    [
      z.enum(['echo', 'empty']).transform((kind) => ({ kind })),
      bytes(minBodyBytes, 'bytes of every reply').transform((n) => ({
        kind: 'fixed' as const,
        bytes: n,
      })),
    ],
    oneOf(`echo, empty or bytes (at least ${minBodyBytes})`, ['echo', 'empty']),
  )
  .prefault('echo')
  .meta({ description: 'size of a reply: as the request, the header only, or bytes' });

const holdType = z
  .union(
    [
      quantityType(duration, 'constant think time').transform((meanMs) => ({
        meanMs,
        distribution: 'constant' as const,
      })),
      shape({
        mean: quantityType(duration, 'mean think time'),
        distribution: z.enum(['constant', 'exponential']).prefault('constant'),
      }).transform(({ mean, distribution }) => ({ meanMs: mean, distribution })),
    ],
    oneOf('a duration with its unit, such as 5ms, or { mean: 5ms, distribution: exponential }', [
      'mean',
      'distribution',
    ]),
  )
  .prefault('0ms')
  .meta({ description: 'how long a server thinks before it replies' });

/** `workload:` of a scenario. */
export const workloadType: z.ZodType<WorkloadShape, unknown> = shape({
  pattern: z.enum(['call', 'cast', 'fanout', 'notify']).prefault('call').meta({
    description: 'call: with reply; cast: without; fanout: to every server; notify: to every pool',
  }),
  target: z
    .enum(['any', 'one'])
    .prefault('any')
    .meta({ description: 'any server of the topic, or one named server for each client' }),
  topics: whole(1, 65_535, 'number of topics; peer j has topic j mod topics').prefault(1),
  pools: whole(1, 1000, 'notify: listener pools a topic, each of which gets every event').prefault(
    1,
  ),
  pace: paceType,
  body: bodyType,
  reply: replyType,
  hold: holdType,
  timeout: quantityType(
    duration,
    'an operation unanswered this long after it was due has failed',
    1,
  ).prefault('5s'),
})
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }))
  .prefault({});

const measureType = z
  .union(
    [
      quantityType(duration, 'length of the measuring window', 1).transform((ms) => ({
        kind: 'duration' as const,
        ms,
      })),
      shape({
        afterFaults: quantityType(
          duration,
          'how long the window goes on after the last fault has ended',
        ),
        atMost: quantityType(duration, 'and no longer than this', 1),
      }).transform(({ afterFaults, atMost }) => ({
        kind: 'duration' as const,
        ms: atMost,
        afterFaultsMs: afterFaults,
      })),
      shape({ calls: whole(1, 1e9, 'measured operations of each client') }).transform(
        ({ calls }) => ({ kind: 'calls' as const, perClient: calls }),
      ),
    ],
    oneOf(
      'a duration with its unit, such as 10s, { afterFaults: 5s, atMost: 3m } or { calls: 100 }',
      ['calls', 'afterFaults', 'atMost'],
    ),
  )
  .prefault('10s')
  .meta({
    description:
      'the measuring window: its length, until after the last fault, or operations a client',
  });

/** `phases:` of a scenario. */
export const phasesType: z.ZodType<PhasesShape, unknown> = shape({
  warmup: quantityType(duration, 'load before the measuring window, thrown away').prefault('2s'),
  measure: measureType,
  drain: quantityType(
    duration,
    'how long to wait for what is still open; not below workload.timeout, which is its default',
  ).optional(),
})
  .transform(({ warmup, measure, drain }) => ({ warmupMs: warmup, measure, drainMs: drain }))
  .prefault({});
