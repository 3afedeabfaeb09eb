import { DriverError } from '../../errors.ts';
import type { Json } from '../../protocol.ts';

/** Where one agent process finds its bus over AMQP 1.0, and how that bus names things. */
export interface RheaEndpoint {
  /** In the order of preference: the process's own site first, then where it may fail over to. */
  readonly servers: readonly RheaServer[];
  readonly tls: RheaTls;
  /** Host name to be opened: RabbitMQ takes `vhost:<name>` for a virtual host. Null is the name that was dialled. */
  readonly hostname: string | null;
  readonly addresses: AddressTemplates;
  /** `anonymous`: replies go over one link without a target, by their `to`; `links`: one link a reply address. */
  readonly replies: 'anonymous' | 'links';
  /** Messages a receiver lets the bus send ahead of it. */
  readonly credit: number;
  /** Ask for storage (header `durable`). */
  readonly durable: boolean;
  /** A peer silent for twice this long is taken for dead. */
  readonly idleTimeoutMs: number;
}

export interface RheaServer {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Null is SASL ANONYMOUS; a name with a password PLAIN; a client certificate EXTERNAL. */
  readonly user: string | null;
  readonly password: string | null;
}

/** PEM texts. */
export interface RheaTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
}

/**
 * Address templates; `{run} {topic} {server} {pool} {client}` are filled in for each peer.
 * `reply` null asks the bus for a dynamic node.
 */
export interface AddressTemplates {
  /** What a server attaches to: one link each. */
  readonly receive: readonly string[];
  /** Where a client without a server of its own sends. */
  readonly send: string;
  /** Where a client of `target: one` sends. */
  readonly sendOne: string;
  readonly reply: string | null;
}

/** oslo.messaging's routable scheme, `prefix/semantics/exchange/topic[/server]`; the exchange is the run. */
export function osloAddresses(pattern: 'call' | 'cast' | 'fanout' | 'notify'): AddressTemplates {
  const service = pattern === 'notify' ? 'openstack.org/om/notify' : 'openstack.org/om/rpc';
  const anycast = `${service}/anycast/busbench-{run}/topic-{topic}`;
  const unicast = `${service}/unicast/busbench-{run}/topic-{topic}/server-{server}`;
  const multicast = `${service}/multicast/busbench-{run}/topic-{topic}`;
  if (pattern === 'fanout') {
    return { receive: [multicast], send: multicast, sendOne: multicast, reply: null };
  }
  return { receive: [anycast, unicast], send: anycast, sendOne: unicast, reply: null };
}

/** Replaces `{name}` by its value; a name without one stays as it is. */
export function fillAddress(
  template: string,
  values: Readonly<Record<string, string | number>>,
): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Reads what a Bus made for this driver. Throws RHEA_ENDPOINT_INVALID naming the field. */
export function parseRheaEndpoint(
  raw: Json,
  pattern: 'call' | 'cast' | 'fanout' | 'notify',
): RheaEndpoint {
  const endpoint = fieldsOf(raw, 'endpoint');
  const urls = endpoint['urls'];
  if (!Array.isArray(urls) || urls.length === 0) {
    throw invalid('urls', 'at least one amqp:// or amqps:// address', typeof urls);
  }
  const tls = fieldsOf(endpoint['tls'] ?? {}, 'tls');
  const replies = endpoint['replies'] ?? 'anonymous';
  if (replies !== 'anonymous' && replies !== 'links') {
    throw invalid('replies', "'anonymous' or 'links'", replies);
  }
  return {
    servers: urls.map((url) => parseUrl(url)),
    tls: {
      ca: optionalString(tls, 'ca'),
      cert: optionalString(tls, 'cert'),
      key: optionalString(tls, 'key'),
      serverName: optionalString(tls, 'serverName'),
    },
    hostname: optionalString(endpoint, 'hostname'),
    addresses: parseAddresses(endpoint['addresses'], pattern),
    replies,
    credit: positive(endpoint, 'credit', 100),
    durable: endpoint['durable'] === true,
    idleTimeoutMs: positive(endpoint, 'idleTimeoutMs', 8_000),
  };
}

function parseAddresses(
  raw: Json | undefined,
  pattern: 'call' | 'cast' | 'fanout' | 'notify',
): AddressTemplates {
  const standard = osloAddresses(pattern);
  if (raw === undefined) return standard;
  const given = fieldsOf(raw, 'addresses');
  const send = optionalString(given, 'send') ?? standard.send;
  const receive = given['receive'];
  if (receive !== undefined && !isStrings(receive)) {
    throw invalid('addresses.receive', 'a list of addresses', receive);
  }
  return {
    receive: receive ?? standard.receive,
    send,
    sendOne: optionalString(given, 'sendOne') ?? send,
    reply: optionalString(given, 'reply'),
  };
}

function parseUrl(raw: Json | undefined): RheaServer {
  const wanted = 'amqp://[user:password@]host[:port] or amqps://...';
  if (typeof raw !== 'string' || !URL.canParse(raw)) throw invalid('urls', wanted, '(not a URL)');
  const url = new URL(raw);
  const secure = url.protocol === 'amqps:';
  if (!secure && url.protocol !== 'amqp:') throw invalid('urls', wanted, url.protocol);
  const standardPort = secure ? 5671 : 5672;
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? standardPort : Number(url.port),
    user: url.username === '' ? null : decodeURIComponent(url.username),
    password: url.password === '' ? null : decodeURIComponent(url.password),
  };
}

function fieldsOf(raw: Json | undefined, name: string): { readonly [key: string]: Json } {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) {
    throw invalid(name, 'an object', raw);
  }
  return raw as { readonly [key: string]: Json };
}

function isStrings(raw: Json): raw is readonly string[] {
  return Array.isArray(raw) && raw.length > 0 && raw.every((item) => typeof item === 'string');
}

function optionalString(from: { readonly [key: string]: Json }, name: string): string | null {
  const value = from[name] ?? null;
  if (value !== null && typeof value !== 'string') throw invalid(name, 'a string', value);
  return value;
}

function positive(from: { readonly [key: string]: Json }, name: string, otherwise: number): number {
  const value = from[name] ?? otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw invalid(name, 'a whole number above 0', value);
  }
  return value;
}

function invalid(field: string, expected: string, got: Json | undefined): DriverError {
  return new DriverError(
    'RHEA_ENDPOINT_INVALID',
    `rhea driver, ${field}: expected ${expected}, got ${JSON.stringify(got) ?? 'nothing'}`,
    'Bus and driver disagree about the endpoint; for `external` check the bus options of the scenario.',
  );
}
