import { z } from 'zod';
import type { Immutable } from '../json.ts';
import { whole } from '../language/codecs.ts';
import { type BusMistake, busOf } from './options.ts';

/** ZeroMQ: nothing is deployed, or a proxy a site. */
export const zeromq = busOf('zeromq', {
  mode: z.enum(['direct', 'proxy']).prefault('direct').meta({
    description:
      "direct: peers dial peers; proxy: clients dial their site's proxy, which dials the servers of all sites",
  }),
  choice: z
    .enum(['round-robin', 'random', 'closest'])
    .prefault('round-robin')
    .meta({ description: 'how a client, or its proxy, chooses among the servers of a topic' }),
  hwm: whole(1, 1_000_000, 'messages queued for one peer before it pushes back').prefault(1000),
  ioThreads: whole(1, 16, "libzmq's threads in each process").prefault(1),
});

type ZeromqBus = Immutable<z.output<typeof zeromq>>;

export function zeromqMistakes({ nodes, options: { mode } }: ZeromqBus): readonly BusMistake[] {
  if (mode === 'proxy' || nodes.length === 0) return [];
  const message = 'mode direct has no nodes: leave them out, or set mode: proxy';
  return [{ path: 'nodes', message }];
}
