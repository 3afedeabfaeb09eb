import type { AddressTemplates } from '../../../agents/drivers/addresses.ts';
import type { Address, AmqplibEndpoint } from '../../../agents/drivers/amqplib/endpoint.ts';
import type { RheaAddresses, RheaEndpoint } from '../../../agents/drivers/rhea/endpoint.ts';
import type { TlsTexts } from '../../../agents/drivers/tls.ts';
import type { RabbitmqOptions } from '../../../topologies/buses/rabbitmq.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import type { Endpoint as Dialled } from '../../fabrics/fabric.ts';
import type { AgentProcess } from '../bus.ts';
import type { Declaration } from './addressing.ts';
import type { Credentials } from './context.ts';
import { atLeast } from './installation.ts';

/** What both drivers need to know to find their way. */
export interface Way {
  /** In order of preference; the first `home` are equally near. */
  readonly brokers: readonly Dialled[];
  readonly home: number;
  readonly credentials: Credentials;
  readonly prefix: string;
  readonly addresses: AddressTemplates<Address>;
  readonly declaration: Declaration;
  readonly options: Pick<RabbitmqOptions, 'heartbeatMs' | 'prefetch'> & {
    readonly reply: 'direct' | 'queue';
  };
}

/** AMQP 0-9-1. `foreign`: exchanges go with their last queue, should nobody be left to remove them. */
export function amqplibEndpoint(
  way: Way,
  more: { readonly vhost: string; readonly tls: TlsTexts | null; readonly foreign: boolean },
): AmqplibEndpoint {
  const { durable, persistent, stream, arguments: args } = way.declaration;
  const { heartbeatMs, prefetch, reply } = way.options;
  return {
    brokers: way.brokers.map(({ address, port }) => ({ host: address, port })),
    home: way.home,
    vhost: more.vhost,
    ...way.credentials,
    tls: more.tls,
    heartbeatSeconds: Math.ceil(heartbeatMs / 1000),
    addresses: way.addresses,
    exchanges: { durable, autoDelete: more.foreign },
    queues: { durable, arguments: args },
    stream,
    persistent,
    prefetch,
    reply,
    replyPrefix: replyPrefix(way.prefix),
  };
}

/** AMQP 1.0. */
export function rheaEndpoint(way: Way, brokerVersion: string): RheaEndpoint {
  const { username: user, password } = way.credentials;
  return {
    servers: way.brokers.map(({ address: host, port }) => {
      return { secure: false, host, port, user, password };
    }),
    tls: { ca: null, cert: null, key: null, serverName: null },
    hostname: null,
    addresses: rheaAddresses(way.addresses, way.prefix, brokerVersion),
    replies: 'links',
    credit: way.options.prefetch,
    durable: way.declaration.persistent,
    idleTimeoutMs: way.options.heartbeatMs,
  };
}

/**
 * The same addresses for AMQP 1.0. RabbitMQ 3 takes those of its amqp1_0 plugin, 4 its own second version.
 * Every queue and exchange has to exist: see `replyQueue`.
 */
export function rheaAddresses(
  { receive, send, sendOne }: AddressTemplates<Address>,
  prefix: string,
  brokerVersion: string,
): RheaAddresses {
  const native = atLeast(brokerVersion, 4, 0);
  const queue = (name: string): string => (native ? `/queues/${name}` : `/amq/queue/${name}`);
  // A fanout exchange takes any key, but an address has to have one.
  const exchange = ({ exchange: name, key }: Address): string =>
    `${native ? '/exchanges' : '/exchange'}/${name}/${key === '' ? 'all' : key}`;
  return {
    receive: receive.map((address) => queue(address.queue)),
    send: exchange(send),
    sendOne: sendOne === null ? null : exchange(sendOne),
    reply: queue(replyQueue(prefix, '{client}')),
  };
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
