import { z } from 'zod';
import { named, oneOf, quantity, shape, variant, whole } from './language/codecs.ts';
import { duration } from './language/units.ts';

const byTime = z.codec(
  oneOf(
    [
      quantity(duration, 'length of the measuring window', 1),
      shape({
        afterFaults: quantity(
          duration,
          'how long the window goes on after the last fault has ended',
        ),
        atMost: quantity(duration, 'and no longer than this', 1),
      }),
    ],
    '',
    [],
  ),
  z.object({
    kind: z.literal('duration'),
    ms: z.number(),
    afterFaultsMs: z.number().exactOptional().meta({
      description: 'the window ends this long after the last fault has ended, if before `ms`',
    }),
  }),
  {
    decode: (written) =>
      typeof written === 'number'
        ? { kind: 'duration' as const, ms: written }
        : {
            kind: 'duration' as const,
            ms: written.atMostMs,
            afterFaultsMs: written.afterFaultsMs,
          },
    encode: ({ ms, afterFaultsMs }) =>
      afterFaultsMs === undefined ? ms : { afterFaultsMs, atMostMs: ms },
  },
);

const byCount = variant('calls', {
  calls: named(whole(1, 1e9, 'measured operations of each client'), 'perClient'),
});

const measure = oneOf(
  [byTime, byCount],
  'a duration with its unit, such as 10s, { afterFaults: 5s, atMost: 3m } or { calls: 100 }',
  ['calls', 'afterFaults', 'atMost'],
)
  .prefault('10s')
  .meta({
    description:
      'the measuring window: its length, until after the last fault, or operations a client',
  });

/** `phases:` of a scenario; an absent drain lasts as long as the timeout. */
export const phases = shape({
  warmup: quantity(duration, 'load before the measuring window, thrown away').prefault('2s'),
  measure,
  drain: quantity(
    duration,
    'how long to wait for what is still open; not below workload.timeout, which is its default',
  ).exactOptional(),
})
  .prefault({})
  .meta({ description: 'how long each part of a run lasts' });
