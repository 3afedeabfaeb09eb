import { DriverError } from '../../errors.ts';
import type { ClientPeer, Json, ServerPeer } from '../../protocol.ts';
import type { DriverOptions } from '../driver.ts';

/** Where messages of one kind go: names with `{topic}`, `{server}` and `{pool}` to be filled in. */
export interface Address {
  readonly exchange: string;
  readonly kind: 'topic' | 'fanout';
  readonly queue: string;
  readonly key: string;
}

/** What the `amqplib` driver is told by the bus: brokers, names and how queues are to be declared. */
export interface AmqplibEndpoint {
  /** In order of preference; the first `home` are equally near, and peers are shared out among them. */
  readonly brokers: readonly { readonly host: string; readonly port: number }[];
  readonly home: number;
  readonly vhost: string;
  readonly username: string;
  readonly password: string;
  /** PEM texts; null speaks plain TCP. */
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly serverName: string | null;
  } | null;
  /** 0 switches heartbeats off. */
  readonly heartbeatSeconds: number;
  /** oslo.messaging's four ways: a queue shared by a topic's servers, one of a server's own, fanout, notifications. */
  readonly addresses: {
    readonly shared: Address;
    readonly own: Address;
    readonly fanout: Address;
    readonly notify: Address;
  };
  readonly exchanges: { readonly durable: boolean; readonly autoDelete: boolean };
  /** `arguments` carry x-queue-type and the like. */
  readonly queues: {
    readonly durable: boolean;
    readonly arguments: { readonly [name: string]: Json };
  };
  /** A log that every consumer reads for itself, from where it was when it lost its connection. */
  readonly stream: boolean;
  /** Delivery mode of requests and replies. */
  readonly persistent: boolean;
  /** Unsettled messages a server may hold; 0 is unlimited. */
  readonly prefetch: number;
  /** Replies by direct reply-to, or by an exclusive queue a client whose name starts with `replyPrefix`. */
  readonly reply: 'direct' | 'queue';
  readonly replyPrefix: string;
}

/** Checks that an endpoint is one of ours; the bus that made it vouches for the rest. */
export function parseEndpoint(endpoint: Json): AmqplibEndpoint {
  const candidate = endpoint as unknown as Partial<AmqplibEndpoint> | null;
  const brokers = candidate?.brokers;
  if (Array.isArray(brokers) && brokers.length > 0 && candidate?.addresses !== undefined) {
    return candidate as AmqplibEndpoint;
  }
  throw new DriverError(
    'AMQPLIB_ENDPOINT_INVALID',
    'amqplib endpoint: expected { brokers, addresses, ... } with at least one broker',
    'Agents and orchestrator of one run must come from the same busbench version.',
  );
}

/** The addresses a server listens at: call and cast reach it through its topic's queue and through its own. */
export function serverAddresses(
  endpoint: AmqplibEndpoint,
  pattern: DriverOptions['pattern'],
  peer: ServerPeer,
): readonly Address[] {
  const { shared, own, fanout, notify } = endpoint.addresses;
  const templates = {
    call: [shared, own],
    cast: [shared, own],
    fanout: [fanout],
    notify: [notify],
  };
  return templates[pattern].map((address) =>
    fill(address, { topic: peer.topic, server: peer.index, pool: peer.subscriber }),
  );
}

/** The exchange and routing key a client sends to. Its `queue` is filled in only as far as a client knows it. */
export function clientAddress(
  endpoint: AmqplibEndpoint,
  pattern: DriverOptions['pattern'],
  peer: ClientPeer,
): Address {
  const { shared, own, fanout, notify } = endpoint.addresses;
  const rpc = peer.server === null ? shared : own;
  const template = { call: rpc, cast: rpc, fanout, notify }[pattern];
  return fill(template, { topic: peer.topic, server: peer.server ?? 0, pool: 0 });
}

function fill(address: Address, values: Readonly<Record<string, number>>): Address {
  const text = (template: string): string =>
    template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  return {
    ...address,
    exchange: text(address.exchange),
    queue: text(address.queue),
    key: text(address.key),
  };
}
