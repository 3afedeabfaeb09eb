import { z } from 'zod';
import { named, oneOf, quantity, shape, variant, whole } from './language/codecs.ts';
import { duration, percent, rate, size } from './language/units.ts';
import { type Pattern, patterns } from './patterns.ts';

/** Smallest body a scenario may ask for: what a reply's header takes, so that a request and its echo have the same size. */
export const minBodyBytes = 64;
export const maxBodyBytes: number = size.max;

const slowest = 1e-6;

const arrivals = z.enum(['constant', 'poisson']);

const openWritten = shape({
  rate: quantity(rate, 'operations offered by all clients together', slowest),
  arrivals: oneOf(
    [
      arrivals,
      shape({
        ramp: z
          .array(
            shape({
              to: quantity(rate, 'the rate at the end of this stretch'),
              over: quantity(duration, 'how long the straight line to it takes; 0s is a step'),
            }),
          )
          .min(1),
      }),
    ],
    'constant, poisson or { ramp: [{ to: 2000/s, over: 30s }] }',
    ['constant', 'poisson', 'ramp'],
  )
    .prefault('constant')
    .meta({ description: 'how operations follow each other' }),
});

const loadWritten = shape({
  load: quantity(percent, "share of the bus's capacity, which is measured first", 1),
  arrivals: arrivals.prefault('constant'),
});

const openPace = z.object({
  kind: z.literal('open'),
  ratePerSecond: z.number(),
  arrivals,
  ramp: z
    .array(z.object({ toPerSecond: z.number(), overMs: z.number() }))
    .meta({ description: 'straight-line changes of the rate from the start of measuring on' }),
  loadPercent: z.number().exactOptional().meta({
    description:
      "share of the bus's capacity, from which a calibration makes the rate; absent once known",
  }),
});

/** A rate: its resolved form keeps the ramp apart from the arrivals, and a share of the capacity beside a rate of 0. */
const open = z.codec(openWritten, openPace, {
  decode: ({ arrivals: how, ratePerSecond }) =>
    typeof how === 'string'
      ? { kind: 'open' as const, ratePerSecond, arrivals: how, ramp: [] }
      : { kind: 'open' as const, ratePerSecond, arrivals: 'constant' as const, ...how },
  encode: ({ ratePerSecond, arrivals: how, ramp }) => ({
    ratePerSecond,
    arrivals: ramp.length > 0 ? { ramp } : how,
  }),
});

const load = z.codec(loadWritten, openPace.required({ loadPercent: true }), {
  decode: (written) => ({ kind: 'open' as const, ratePerSecond: 0, ramp: [], ...written }),
  encode: ({ loadPercent, arrivals: how }) => ({ loadPercent, arrivals: how }),
});

const pace = oneOf(
  [
    load,
    open,
    variant('pause', {
      pause: quantity(duration, 'pause of each client between a reply and its next operation'),
    }),
    variant('inFlight', {
      inFlight: whole(1, 100_000, 'operations each client keeps open at all times'),
    }),
  ],
  'one of { rate: 1000/s, arrivals: constant }, { load: 50% }, { pause: 100ms } or { inFlight: 10 }',
  ['rate', 'load', 'arrivals', 'pause', 'inFlight'],
)
  .prefault({ rate: '100/s' })
  .meta({ description: 'open loop (rate, load) or closed loop (pause, inFlight)' });

function bytes(min: number, description: string) {
  return oneOf(
    [
      whole(min, maxBodyBytes, description),
      quantity(size, description, min).refine(Number.isInteger, { error: 'expected whole bytes' }),
    ],
    `bytes, such as 1024 or 64kB (at least ${min})`,
    [],
  );
}

/** A number of bytes, as the variant `fixed`. */
function fixed(description: string) {
  return z.codec(
    bytes(minBodyBytes, description),
    z.object({ kind: z.literal('fixed'), bytes: z.number() }),
    { decode: (n) => ({ kind: 'fixed' as const, bytes: n }), encode: ({ bytes: n }) => n },
  );
}

const rows = z
  .array(z.tuple([whole(minBodyBytes, maxBodyBytes, 'bytes'), z.number().positive()]))
  .min(1)
  .meta({ description: 'bytes and weight; absent: read from the file' });

const weighted = z.codec(
  shape({
    file: z
      .string()
      .min(1)
      .meta({ description: 'CSV of bytes,weight; relative to the scenario file' }),
    rows: rows.exactOptional(),
  }),
  z.object({ kind: z.literal('weighted'), file: z.string(), rows }),
  {
    decode({ file, rows: given }, context) {
      if (given !== undefined) return { kind: 'weighted' as const, file, rows: given };
      context.issues.push({ code: 'custom', message: `${file} was not read`, input: file });
      return z.NEVER;
    },
    encode: ({ kind: _, ...written }) => written,
  },
);

const body = oneOf(
  [
    fixed('bytes of every message'),
    variant('uniform', {
      min: named(bytes(minBodyBytes, 'smallest body'), '*Bytes'),
      max: named(bytes(minBodyBytes, 'largest body'), '*Bytes'),
    }),
    weighted,
  ],
  `bytes (at least ${minBodyBytes}), { min, max } or { file }`,
  ['min', 'max', 'file'],
)
  .prefault(1024)
  .meta({ description: 'size of a message, header included' });

const word = z.codec(z.enum(['echo', 'empty']), z.object({ kind: z.enum(['echo', 'empty']) }), {
  decode: (kind) => ({ kind }),
  encode: ({ kind }) => kind,
});

const reply = oneOf(
  [word, fixed('bytes of every reply')],
  `echo, empty or bytes (at least ${minBodyBytes})`,
  ['echo', 'empty'],
)
  .prefault('echo')
  .meta({ description: 'size of a reply: as the request, the header only, or bytes' });

const distribution = z.enum(['constant', 'exponential']);

const hold = z
  .codec(
    oneOf(
      [
        quantity(duration, 'constant think time'),
        shape({
          mean: quantity(duration, 'mean think time'),
          distribution: distribution.prefault('constant'),
        }),
      ],
      'a duration with its unit, such as 5ms, or { mean: 5ms, distribution: exponential }',
      ['mean', 'distribution'],
    ),
    z.object({ meanMs: z.number(), distribution }),
    {
      decode: (written) =>
        typeof written === 'number'
          ? { meanMs: written, distribution: 'constant' as const }
          : written,
      encode: (resolved) => resolved,
    },
  )
  .prefault('0ms')
  .meta({ description: 'how long a server thinks before it replies' });

/** `workload:` of a scenario. */
export const workload = shape({
  pattern: z
    .enum(Object.keys(patterns) as [Pattern, ...Pattern[]])
    .prefault('call')
    .meta({
      description:
        'call: with reply; cast: without; fanout: to every server; notify: to every pool',
    }),
  target: z
    .enum(['any', 'one'])
    .prefault('any')
    .meta({ description: 'any server of the topic, or one named server for each client' }),
  topics: whole(1, 65_535, 'number of topics; peer j has topic j mod topics').prefault(1),
  pools: whole(1, 1000, 'notify: listener pools a topic, each of which gets every event').prefault(
    1,
  ),
  pace,
  body,
  reply,
  hold,
  timeout: quantity(
    duration,
    'an operation unanswered this long after it was due has failed',
    1,
  ).prefault('5s'),
})
  .prefault({})
  .meta({ description: 'what is sent, how often, and what comes back' });
