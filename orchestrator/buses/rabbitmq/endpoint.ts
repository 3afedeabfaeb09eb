import type { RabbitmqOptions } from '../../../topologies/buses/rabbitmq.ts';
import type { Json } from '../../../topologies/json.ts';
import type { Pattern, ResolvedScenario } from '../../../topologies/scenario.ts';
import type { Endpoint } from '../../fabrics/fabric.ts';
import type { AgentProcess } from '../bus.ts';
import type { Addresses, Declaration } from './addressing.ts';
import type { Credentials } from './deploy.ts';
import { atLeast } from './installation.ts';

/** What both drivers need to know to find their way. */
export interface Way {
  /** In order of preference; the first `home` are equally near. */
  readonly brokers: readonly Endpoint[];
  readonly home: number;
  readonly credentials: Credentials;
  readonly prefix: string;
  readonly addresses: Addresses;
  readonly declaration: Declaration;
  readonly options: Pick<RabbitmqOptions, 'heartbeatMs' | 'prefetch' | 'reply'>;
}

/** Certificates as PEM texts. */
export interface TlsTexts {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
}

/** AMQP 0-9-1: the `AmqplibEndpoint` of agents/drivers/amqplib-endpoint.ts. */
export function amqplibEndpoint(
  way: Way,
  more: { readonly vhost: string; readonly tls: TlsTexts | null; readonly foreign: boolean },
): Json {
  const { durable, persistent, stream, arguments: args } = way.declaration;
  const { heartbeatMs, prefetch, reply } = way.options;
  return {
    brokers: way.brokers.map(({ address, port }) => ({ host: address, port })),
    home: way.home,
    vhost: more.vhost,
    ...way.credentials,
    tls: more.tls === null ? null : { ...more.tls },
    heartbeatSeconds: Math.ceil(heartbeatMs / 1000),
    addresses: { ...way.addresses } as unknown as Json,
    exchanges: { durable, autoDelete: more.foreign },
    queues: { durable, arguments: args },
    stream,
    persistent,
    prefetch,
    reply,
    replyPrefix: replyPrefix(way.prefix),
  };
}

/** AMQP 1.0: the endpoint of the rhea driver. */
export function rheaEndpoint(way: Way, pattern: Pattern, brokerVersion: string): Json {
  const { username, password } = way.credentials;
  return {
    urls: way.brokers.map(
      ({ address, port }) => `amqp://${username}:${password}@${address}:${port}`,
    ),
    addresses: rheaAddresses(way.addresses, way.prefix, pattern, brokerVersion),
    replies: 'links',
    credit: way.options.prefetch,
    durable: way.declaration.persistent,
    idleTimeoutMs: way.options.heartbeatMs,
  };
}

/**
 * Address templates of the rhea driver. RabbitMQ 3 takes those of its amqp1_0 plugin, 4 its own second version.
 * Every queue and exchange has to exist: see `replyQueue`.
 */
export function rheaAddresses(
  names: Addresses,
  prefix: string,
  pattern: Pattern,
  brokerVersion: string,
): { readonly [field: string]: Json } {
  const { shared, own, fanout, notify } = names;
  const native = atLeast(brokerVersion, 4, 0);
  const queue = (name: string): string => (native ? `/queues/${name}` : `/amq/queue/${name}`);
  const exchange = (name: string, key: string): string =>
    `${native ? '/exchanges' : '/exchange'}/${name}/${key}`;
  const rpc = {
    receive: [queue(shared.queue), queue(own.queue)],
    send: exchange(shared.exchange, shared.key),
    sendOne: exchange(own.exchange, own.key),
  };
  const copies = (to: typeof fanout, key: string): typeof rpc => ({
    receive: [queue(to.queue)],
    send: exchange(to.exchange, key),
    sendOne: exchange(to.exchange, key),
  });
  const templates = {
    call: rpc,
    cast: rpc,
    fanout: copies(fanout, 'all'),
    notify: copies(notify, notify.key),
  }[pattern];
  return { ...templates, reply: queue(replyQueue(prefix, '{client}')) };
}

/** The reply queue of a client over AMQP 1.0, which has no direct reply-to. */
export function replyQueue(prefix: string, client: number | string): string {
  return `${replyPrefix(prefix)}${client}`;
}

function replyPrefix(prefix: string): string {
  return `${prefix}reply.`;
}

/**
 * Places in the order a process should dial them: nearest first by the links' delays, equally near ones starting with
 * another one for each process. Without failover only the nearest.
 */
export function nearestFirst<T extends { readonly site: string }>(
  places: readonly T[],
  process: Pick<AgentProcess, 'host' | 'index'>,
  scenario: Pick<ResolvedScenario, 'links' | 'clients'>,
): { readonly places: readonly T[]; readonly home: number } {
  const here = process.host.site;
  const distance = ({ site }: T): number =>
    site === here
      ? -1
      : (scenario.links.find((l) => l.from === here && l.to === site)?.delayMs ?? 0);
  const nearest = Math.min(...places.map(distance));
  const near = places.filter((place) => distance(place) === nearest);
  const turn = process.index % near.length;
  const home = [...near.slice(turn), ...near.slice(0, turn)];
  const far = places.filter((place) => distance(place) > nearest);
  far.sort((a, b) => distance(a) - distance(b));
  return { places: scenario.clients.failover ? [...home, ...far] : home, home: home.length };
}
