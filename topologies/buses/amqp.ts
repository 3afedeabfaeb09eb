import { z } from 'zod';
import { quantity, whole } from '../language/codecs.ts';
import { duration } from '../language/units.ts';
import type { BusMistake } from './options.ts';

/** Which AMQP clients speak; YAML reads a bare 1.0 as the number 1. */
const protocol = z
  .codec(
    z.union([z.literal('0-9-1'), z.literal('1.0'), z.literal(1)], {
      error: 'expected 0-9-1 or 1.0',
    }),
    z.enum(['0-9-1', '1.0']),
    {
      decode: (written) => (written === 1 ? '1.0' : written),
      encode: (resolved) => resolved,
    },
  )
  .prefault('0-9-1')
  .meta({ description: '0-9-1 (amqplib) or 1.0 (rhea)' });

/** What brokers of AMQP have in common, whoever runs them. */
export const amqpFields = {
  protocol,
  prefetch: whole(0, 65_535, 'unsettled messages a server may hold; 0 is unlimited').prefault(100),
  reply: z
    .enum(['direct', 'queue'])
    .prefault('direct')
    .meta({ description: "replies by direct reply-to, or over a client's own queue" }),
  heartbeat: quantity(duration, 'heartbeat of client connections; 0s for none').prefault('10s'),
};

/** What both protocols have an option for and AMQP 1.0 no word. */
export function amqp1Mistakes({
  prefetch,
  heartbeatMs,
}: {
  readonly prefetch: number;
  readonly heartbeatMs: number;
}): readonly BusMistake[] {
  const unlimited = 'AMQP 1.0 has no unlimited credit: expected 1 or more';
  return [
    ...(prefetch === 0 ? [{ path: 'prefetch', message: unlimited }] : []),
    ...(heartbeatMs < 1_000
      ? [{ path: 'heartbeat', message: 'expected 1s or more over AMQP 1.0' }]
      : []),
  ];
}
