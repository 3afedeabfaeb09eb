import type { AddressTemplates } from '../../../agents/drivers/addresses.ts';
import type { Address, AmqplibEndpoint } from '../../../agents/drivers/amqplib/endpoint.ts';
import type { ServerPeer } from '../../../agents/protocol.ts';
import { type Pattern, patterns } from '../../../topologies/patterns.ts';
import type { Guarantee, WorkloadSpec } from '../../../topologies/scenario.ts';
import { fillTexts } from '../../../topologies/templates.ts';

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
 * Quorum queues and streams are durable by nature; so is everything from RabbitMQ 4 on, which does away with
 * transient queues that are not exclusive.
 */
export function declarationOf(
  options: { readonly queues: string; readonly persistence: boolean | null },
  guarantee: Guarantee,
  brokerMajor: number,
): Declaration {
  const persistent = options.persistence ?? guarantee === 'at-least-once';
  const replicated = options.queues === 'quorum' || options.queues === 'stream';
  return {
    durable: persistent || replicated || brokerMajor >= 4,
    persistent,
    stream: options.queues === 'stream',
    arguments: replicated ? { 'x-queue-type': options.queues } : {},
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
