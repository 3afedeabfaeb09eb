import { z } from 'zod';
import type { Immutable } from '../json.ts';
import { json, orNull, shape, whole } from '../language/codecs.ts';
import { amqp1Mistakes, amqpFields } from './amqp.ts';
import { type BusMistake, busOf } from './options.ts';

const policy = shape({
  pattern: z.string().min(1).prefault('.*').meta({ description: 'of the names it is for' }),
  applyTo: z
    .enum(['all', 'queues', 'exchanges'])
    .prefault('queues')
    .meta({ description: 'what it is for' }),
  priority: whole(0, 1000, 'higher wins').prefault(0),
  definition: z.record(z.string(), json).meta({ description: 'as the management API takes it' }),
});

/** Real rabbitmq-server nodes, clustered. */
export const rabbitmq = busOf('rabbitmq', {
  queues: z
    .enum(['classic', 'mirrored', 'quorum', 'stream'])
    .prefault('classic')
    .meta({ description: 'kind of the queues; stream is for notify' }),
  leader: orNull(z.string()).meta({
    description:
      "site whose node leads every queue; without it topics are spread over the nodes, and a server's own queues stay with it",
  }),
  persistence: orNull(z.boolean()).meta({
    description:
      'persistent messages (queues are durable in any case); as the guarantee asks when absent',
  }),
  ...amqpFields,
  reply: z.enum(['auto', 'direct', 'queue']).prefault('auto').meta({
    description:
      'how replies of calls travel: direct reply-to, or a queue a client; auto is direct, but the queue on a cluster of a version that asks all nodes before each direct reply (3.12 to 4.1)',
  }),
  clusterPartitionHandling: z
    .enum(['ignore', 'pause_minority', 'autoheal'])
    .prefault('ignore')
    .meta({ description: 'what nodes do that lost sight of each other' }),
  config: z
    .array(z.string().regex(/^[a-z0-9_.]+ = .*$/, 'expected `key = value`'))
    .prefault([])
    .meta({ description: 'lines for rabbitmq.conf, after ours' }),
  policies: z
    .record(z.string().min(1), policy)
    .prefault({})
    .meta({ description: 'policies by name' }),
  plugins: z
    .array(z.string().regex(/^[a-z0-9_]+$/, 'expected the name of a plugin'))
    .prefault([])
    .meta({ description: 'further plugins to enable' }),
});

type RabbitmqBus = Immutable<z.output<typeof rabbitmq>>;
export type RabbitmqOptions = RabbitmqBus['options'];

/** Of a bus whose nodes are known. */
export function rabbitmqMistakes({ nodes, options }: RabbitmqBus): readonly BusMistake[] {
  const { leader, protocol } = options;
  const expected = [...new Set(nodes)].join(', ');
  return [
    ...(leader !== null && !nodes.includes(leader)
      ? [{ path: 'leader', message: `no bus node at ${leader}; expected one of ${expected}` }]
      : []),
    ...(protocol === '1.0' ? amqp1Mistakes(options) : []),
  ];
}
