import type { AddressTemplates } from '../../../agents/drivers/addresses.ts';
import type { Address, AmqplibEndpoint } from '../../../agents/drivers/amqplib/endpoint.ts';
import type { ServerPeer } from '../../../agents/protocol.ts';
import { type Pattern, patterns } from '../../../topologies/patterns.ts';
import type { Guarantee, WorkloadSpec } from '../../../topologies/scenario.ts';
import { fillTexts } from '../../../topologies/templates.ts';
import { atLeast } from './installation.ts';

/** Everything a run makes on a broker starts with this. */
export function namePrefix(runId: string): string {
  return `busbench.${runId}.`;
}

/**
 * Where messages of a pattern go: oslo.messaging's names under our prefix. A topic's shared queue and a server's own, a
 * fanout exchange, or notifications by severity. Pools of a stream read one queue, each at its own pace.
 */
export function addressesOf(
  prefix: string,
  stream: boolean,
  pattern: Pattern,
): AddressTemplates<Address> {
  const topic = 'topic-{topic}';
  const everywhere = (address: Address): AddressTemplates<Address> => ({
    receive: [address],
    send: address,
    sendOne: null,
  });
  switch (patterns[pattern].copies) {
    case 'one': {
      const rpc = { exchange: `${prefix}rpc`, kind: 'topic' } as const;
      const key = `${topic}.server-{server}`;
      const shared = { ...rpc, queue: `${prefix}${topic}`, key: topic };
      const own = { ...rpc, queue: `${prefix}${key}`, key };
      return { receive: [shared, own], send: shared, sendOne: own };
    }
    case 'server':
      return everywhere({
        exchange: `${prefix}${topic}_fanout`,
        kind: 'fanout',
        queue: `${prefix}${topic}_fanout_server-{server}`,
        key: '',
      });
    case 'pool':
      return everywhere({
        exchange: `${prefix}notifications`,
        kind: 'topic',
        queue: `${prefix}notifications.${topic}${stream ? '' : '.pool-{pool}'}`,
        key: `${topic}.info`,
      });
  }
}

/** How queues and exchanges of a run are declared, by agents and by the bus alike. */
export interface Declaration {
  readonly durable: boolean;
  readonly persistent: boolean;
  readonly stream: boolean;
  readonly arguments: AmqplibEndpoint['queues']['arguments'];
}

/**
 * The same on every version: queues are durable, as RabbitMQ 4 does away with transient ones that are not exclusive,
 * and a quorum queue never gives a message up, which it does from 4.0 on after 20 deliveries unless told otherwise.
 */
export function declarationOf(
  options: { readonly queues: string; readonly persistence: boolean | null },
  guarantee: Guarantee,
  brokerVersion: string,
): Declaration {
  const { queues } = options;
  const limited = queues === 'quorum' && atLeast(brokerVersion, 4, 0);
  return {
    durable: true,
    persistent: options.persistence ?? guarantee === 'at-least-once',
    stream: queues === 'stream',
    arguments: {
      ...(queues === 'quorum' || queues === 'stream' ? { 'x-queue-type': queues } : {}),
      ...(limited ? { 'x-delivery-limit': -1 } : {}),
    },
  };
}

/** What is declared, in words for plan, result and comparison. */
export function declaredText(
  { durable, persistent, arguments: args }: Declaration,
  queues: string,
  reply: string,
): Readonly<Record<string, string>> {
  const told = Object.entries(args).map(([name, value]) => `${name}=${value}`);
  return {
    queues: [queues, durable ? 'durable' : 'transient', ...told].join(', '),
    messages: persistent ? 'persistent' : 'transient',
    replies: reply === 'direct' ? 'direct reply-to' : 'a queue a client',
  };
}

/** The queues that exist before any server does: one a topic, or one a topic and pool. */
export function sharedQueues(
  { topics, pools }: Pick<WorkloadSpec, 'topics' | 'pools'>,
  { send }: AddressTemplates<Address>,
): readonly { readonly topic: number; readonly address: Address }[] {
  if (send.queue.includes('{server}')) return [];
  const poolCount = send.queue.includes('{pool}') ? pools : 1;
  return Array.from({ length: topics * poolCount }, (_, i) => {
    const topic = i % topics;
    const pool = Math.floor(i / topics);
    return { topic, address: fillTexts(send, { topic, pool }) };
  });
}

/** The queues that these servers listen at. */
export function serverQueues(
  { receive }: AddressTemplates<Address>,
  servers: readonly ServerPeer[],
): readonly Address[] {
  return servers.flatMap(({ topic, index: server, subscriber: pool }) =>
    receive.map((address) => fillTexts(address, { topic, server, pool })),
  );
}
