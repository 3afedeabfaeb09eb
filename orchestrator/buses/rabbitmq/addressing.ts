import type { ServerPeer } from '../../../agents/protocol.ts';
import type { Json } from '../../../topologies/json.ts';
import type { Guarantee, Pattern, WorkloadSpec } from '../../../topologies/scenario.ts';

/** Where messages of one kind go: names with `{topic}`, `{server}` and `{pool}` to be filled in. */
export interface Address {
  readonly exchange: string;
  readonly kind: 'topic' | 'fanout';
  readonly queue: string;
  readonly key: string;
}

/** oslo.messaging's four ways: a topic's shared queue, a server's own, fanout, notifications by severity. */
export interface Addresses {
  readonly shared: Address;
  readonly own: Address;
  readonly fanout: Address;
  readonly notify: Address;
}

/** Everything a run makes on a broker starts with this. */
export function namePrefix(runId: string): string {
  return `busbench.${runId}.`;
}

/** oslo.messaging's names under our prefix. Pools of a stream read one queue, each at its own pace. */
export function addressesOf(prefix: string, stream: boolean): Addresses {
  const topic = 'topic-{topic}';
  const rpc = { exchange: `${prefix}rpc`, kind: 'topic' } as const;
  return {
    shared: { ...rpc, queue: `${prefix}${topic}`, key: topic },
    own: { ...rpc, queue: `${prefix}${topic}.server-{server}`, key: `${topic}.server-{server}` },
    fanout: {
      exchange: `${prefix}${topic}_fanout`,
      kind: 'fanout',
      queue: `${prefix}${topic}_fanout_server-{server}`,
      key: '',
    },
    notify: {
      exchange: `${prefix}notifications`,
      kind: 'topic',
      queue: `${prefix}notifications.${topic}${stream ? '' : '.pool-{pool}'}`,
      key: `${topic}.info`,
    },
  };
}

/** An address with its numbers in place. */
export function fillAddress(
  address: Address,
  values: { readonly topic: number; readonly server: number; readonly pool: number },
): Address {
  const text = (template: string): string =>
    template.replaceAll(/\{(topic|server|pool)\}/g, (_, name: keyof typeof values) =>
      String(values[name]),
    );
  const { exchange, kind, queue, key } = address;
  return { kind, exchange: text(exchange), queue: text(queue), key: text(key) };
}

/** How queues and exchanges of a run are declared, by agents and by the bus alike. */
export interface Declaration {
  readonly durable: boolean;
  readonly persistent: boolean;
  readonly stream: boolean;
  readonly arguments: { readonly [name: string]: Json };
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
  workload: Pick<WorkloadSpec, 'pattern' | 'topics' | 'pools'>,
  addresses: Addresses,
): readonly { readonly topic: number; readonly address: Address }[] {
  const { pattern, topics, pools } = workload;
  if (pattern === 'fanout') return [];
  const template = pattern === 'notify' ? addresses.notify : addresses.shared;
  const poolCount = pattern === 'notify' && template.queue.includes('{pool}') ? pools : 1;
  return Array.from({ length: topics * poolCount }, (_, i) => {
    const topic = i % topics;
    const pool = Math.floor(i / topics);
    return { topic, address: fillAddress(template, { topic, pool, server: 0 }) };
  });
}

/** The queues that these servers listen at. */
export function serverQueues(
  addresses: Addresses,
  pattern: Pattern,
  servers: readonly ServerPeer[],
): readonly Address[] {
  const { shared, own, fanout, notify } = addresses;
  const templates = {
    call: [shared, own],
    cast: [shared, own],
    fanout: [fanout],
    notify: [notify],
  };
  return servers.flatMap(({ topic, index, subscriber }) =>
    templates[pattern].map((template) =>
      fillAddress(template, { topic, server: index, pool: subscriber }),
    ),
  );
}
