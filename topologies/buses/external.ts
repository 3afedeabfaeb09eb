import { z } from 'zod';
import type { Immutable } from '../json.ts';
import { named, orNull, shape, variant } from '../language/codecs.ts';
import { amqp1Mistakes, amqpFields } from './amqp.ts';
import { type BusMistake, nodelessBusOf } from './options.ts';

const broker = z.object({
  host: z.string(),
  port: z.number(),
  secure: z.boolean(),
  vhost: z.string().meta({ description: 'RabbitMQ only; / where the URL says nothing' }),
});

/** Where a broker of somebody else's listens. */
export type Broker = Immutable<z.output<typeof broker>>;

const url = z.codec(z.string(), broker, {
  decode: (text, context) => {
    const parsed = parseBroker(text);
    if (typeof parsed !== 'string') return parsed;
    context.issues.push({ code: 'custom', message: parsed, input: text });
    return z.NEVER;
  },
  encode: urlWithPath,
});

const urls = z
  .codec(
    z.union([url, z.array(url).min(1)], {
      error: 'expected a URL (amqp://host:port or amqps://host:port), or a list of them',
    }),
    z.array(broker),
    {
      decode: (written) => (Array.isArray(written) ? written : [written]),
      encode: (resolved) => resolved,
    },
  )
  .meta({ description: 'amqp://host:port or amqps://host:port/vhost, the preferred first' });

const path = z.string().min(1);

/** A text in which only these names may stand in braces. */
function template(...names: readonly string[]): z.ZodString {
  const expected = names.map((name) => `{${name}}`).join(', ');
  return z.string().superRefine((text, context) => {
    if (text === '') context.addIssue({ code: 'custom', message: 'expected an address; got ""' });
    for (const [whole, name = ''] of text.matchAll(/\{(\w*)\}/g)) {
      if (names.includes(name)) continue;
      context.addIssue({ code: 'custom', message: `unknown ${whole}; expected ${expected}` });
    }
  });
}

const received = template('run', 'topic', 'server', 'pool');

const addresses = shape({
  receive: z
    .codec(
      z.union([received, z.array(received).min(1)], {
        error: 'expected an address, or a list of them',
      }),
      z.array(z.string()),
      {
        decode: (written) => (typeof written === 'string' ? [written] : written),
        encode: (resolved) => resolved,
      },
    )
    .meta({ description: 'what a server attaches to: a link each' }),
  send: template('run', 'topic').meta({
    description: 'where a client sends that has no server of its own',
  }),
  sendOne: template('run', 'topic', 'server')
    .nullable()
    .prefault(null)
    .meta({ description: 'where a client of `target: one` sends' }),
  reply: template('run', 'topic', 'client')
    .nullable()
    .prefault(null)
    .meta({ description: "where a client's replies come; absent: a dynamic node of the peer" }),
});

/** Brokers that somebody else runs. Nothing secret is in it: it is stored with the result. */
export const external = nodelessBusOf('external', {
  url: orNull(urls).meta({ description: 'brokers of all sites that have none of their own' }),
  endpoints: z
    .record(z.string(), urls)
    .prefault({})
    .meta({ description: 'brokers of each site, the preferred first' }),
  ...amqpFields,
  credentials: orNull(
    z.union(
      [
        variant('env', { env: named(path, 'name') }),
        variant('file', { file: named(path, 'path') }),
      ],
      { error: 'expected { env: NAME } or { file: path }, which hold user:password' },
    ),
  ).meta({ description: "where user:password is found; else guest's (0-9-1) or nobody's (1.0)" }),
  tls: shape({ ca: orNull(path), cert: orNull(path), key: orNull(path), serverName: orNull(path) })
    .prefault({})
    .meta({ description: 'paths of PEM files' }),
  queues: z
    .enum(['classic', 'quorum', 'stream'])
    .prefault('classic')
    .meta({ description: 'kind of the queues, where the broker is RabbitMQ' }),
  persistence: orNull(z.boolean()).meta({
    description: 'durable queues and persistent messages; as the guarantee asks when absent',
  }),
  addresses: orNull(addresses).meta({
    description: '1.0 only: where messages go, instead of what the product of the brokers says',
  }),
});

type ExternalBus = Immutable<z.output<typeof external>>;
export type ExternalOptions = ExternalBus['options'];

/** The bus with brokers of its own at every site. */
export function withBrokers(bus: ExternalBus, sites: readonly string[]): ExternalBus {
  const { url: common, endpoints } = bus.options;
  const own = sites.map((site) => [site, endpoints[site] ?? common ?? []] as const);
  return { ...bus, options: { ...bus.options, url: null, endpoints: Object.fromEntries(own) } };
}

/** Every site needs a broker, of its own or the common one. */
export function externalMistakes(
  { options }: ExternalBus,
  sites: readonly string[],
): readonly BusMistake[] {
  const { url: common, endpoints, tls } = options;
  const lists = [...Object.values(endpoints), common ?? []];
  const unknown = Object.keys(endpoints).filter((site) => !sites.includes(site));
  const bare = sites.filter((site) => endpoints[site] === undefined && common === null);
  const hasFiles = Object.values(tls).some((value) => value !== null);
  const kinds = new Set(lists.flat().map(kindOf));
  const oneKind = `expected one scheme and one virtual host for all URLs; got ${[...kinds].join(' and ')}`;
  return [
    ...protocolMistakes(options),
    ...mistake(
      'tls',
      'expected amqps URLs: nothing of this is used over plain TCP',
      hasFiles && !lists.some((list) => list[0]?.secure),
    ),
    ...unknown.map((site) => ({
      path: `endpoints.${site}`,
      message: `unknown site; expected one of ${sites.join(', ')}`,
    })),
    ...mistake('', `expected url, or endpoints for ${bare.join(', ')}`, bare.length > 0),
    ...mistake(common === null ? 'endpoints' : 'url', oneKind, kinds.size > 1),
  ];
}

/** Options that the protocol has no words for: they would be ignored. */
function protocolMistakes(options: ExternalOptions): readonly BusMistake[] {
  const { protocol, addresses: given, queues, reply } = options;
  if (protocol === '0-9-1') {
    return mistake('addresses', 'addresses are for protocol 1.0', given !== null);
  }
  const kinds = 'who gives addresses has made the queues: expected no queues here';
  return [
    ...mistake('queues', 'streams are read over protocol 0-9-1 only', queues === 'stream'),
    ...mistake('queues', kinds, given !== null && queues === 'quorum'),
    ...mistake('reply', 'over AMQP 1.0 replies come where addresses.reply says', reply === 'queue'),
    ...amqp1Mistakes(options),
  ];
}

function mistake(at: string, message: string, made: boolean): readonly BusMistake[] {
  return made ? [{ path: at, message }] : [];
}

function kindOf({ secure, vhost }: Broker): string {
  return `${secure ? 'amqps' : 'amqp'} with ${vhost}`;
}

/** A broker, or what is wrong with the text; never the text itself, which may hold a password. */
export function parseBroker(text: string): Broker | string {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  const secure = parsed?.protocol === 'amqps:';
  if (!parsed || (!secure && parsed.protocol !== 'amqp:')) {
    return 'expected a URL such as amqp://host:5672 or amqps://host:5671/vhost';
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return 'user and password do not belong into a scenario, which is stored: use credentials: { env: NAME }';
  }
  const vhost = vhostOf(parsed.pathname);
  if (vhost === null) return 'expected %25 for a percent sign in the virtual host';
  if (parsed.port === '0') return 'expected a port from 1 to 65535; got 0';
  if (parsed.search !== '' || parsed.hash !== '') {
    return 'expected nothing after the virtual host: no ? and no #';
  }
  const port = parsed.port === '' ? (secure ? 5671 : 5672) : Number(parsed.port);
  return { host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'), port, secure, vhost };
}

/** Null where a percent sign stands for nothing. */
function vhostOf(pathname: string): string | null {
  try {
    return pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : '/';
  } catch {
    return null;
  }
}

/** Without anything secret and without a virtual host; an IPv6 address in brackets. */
export function urlOf({ host, port, secure }: Broker): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${secure ? 'amqps' : 'amqp'}://${name}:${port}`;
}

/** The same with its virtual host, as a scenario has it. */
export function urlWithPath(broker: Broker): string {
  const { vhost } = broker;
  return `${urlOf(broker)}${vhost === '/' ? '' : `/${encodeURIComponent(vhost)}`}`;
}
