import { z } from 'zod';
import type { Json, ResolvedScenario } from '../../../topologies/scenario.ts';
import { pathText } from '../../scenario/path.ts';
import { quantityType, shape, whole } from '../../scenario/schema-parts.ts';
import { shapeIssues, wording } from '../../scenario/shape-issues.ts';
import { duration } from '../../scenario/units.ts';
import { amqp1Mistakes } from '../rabbitmq/options.ts';
import { addressesType, type GivenAddresses } from './addresses.ts';

/** Where a broker of somebody else's listens. */
export interface Broker {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** RabbitMQ only; `/` where the URL says nothing. */
  readonly vhost: string;
}

/** `bus:` of a scenario whose type is external. Nothing secret is in it: it is stored with the result. */
export interface ExternalOptions {
  /** For each site its brokers, the preferred first. */
  readonly brokers: { readonly [site: string]: readonly Broker[] };
  readonly protocol: '0-9-1' | '1.0';
  /** Where `user:password` is found; null is the broker's guest (0-9-1) or nobody (1.0). */
  readonly credentials:
    | { readonly kind: 'env'; readonly name: string }
    | { readonly kind: 'file'; readonly path: string }
    | null;
  /** Paths of PEM files. */
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly serverName: string | null;
  };
  readonly queues: 'classic' | 'quorum' | 'stream';
  readonly persistence: boolean | null;
  readonly prefetch: number;
  readonly reply: 'direct' | 'queue';
  readonly heartbeatMs: number;
  /** 1.0 only: where messages go, instead of what follows from the product of the brokers. */
  readonly addresses: GivenAddresses | null;
}

const urlType = z.string().transform((text, context): Broker => {
  const broker = parseUrl(text);
  if (typeof broker !== 'string') return broker;
  context.issues.push({ code: 'custom', message: broker, input: text });
  return z.NEVER;
});
const urlsType = z.union([urlType.transform((broker) => [broker]), z.array(urlType).min(1)], {
  error: 'expected a URL (amqp://host:port or amqps://host:port), or a list of them',
});
const path = z.string().min(1);

const busOptions = shape({
  type: z.literal('external'),
  url: urlsType.optional(),
  endpoints: z.record(z.string(), urlsType).default({}),
  protocol: z
    .union([z.literal('0-9-1'), z.literal('1.0'), z.literal(1)], {
      error: 'expected 0-9-1 or 1.0',
    })
    .default('0-9-1'),
  credentials: z
    .union([shape({ env: z.string().min(1) }), shape({ file: path })], {
      error: 'expected { env: NAME } or { file: path }, which hold user:password',
    })
    .optional(),
  tls: shape({
    ca: path.optional(),
    cert: path.optional(),
    key: path.optional(),
    serverName: z.string().optional(),
  }).default({}),
  queues: z.enum(['classic', 'quorum', 'stream']).default('classic'),
  persistence: z.boolean().optional(),
  prefetch: whole(0, 65_535, 'Unsettled messages a server may hold; 0 is unlimited').default(100),
  reply: z.enum(['direct', 'queue']).default('direct'),
  heartbeat: quantityType(duration, 'Heartbeat of connections; 0s for none').default(10_000),
  addresses: addressesType.optional(),
});

/** Reads `bus:`; every site needs a broker, of its own or the common one. */
export function parseExternal(
  raw: Readonly<Record<string, unknown>>,
  sites: readonly string[],
):
  | { readonly options: ExternalOptions }
  | { readonly mistakes: readonly { readonly path: string; readonly message: string }[] } {
  const parsed = busOptions.safeParse(raw, { error: wording });
  if (!parsed.success) {
    const issues = shapeIssues(parsed.error.issues);
    return {
      mistakes: issues.map((issue) => ({ path: pathText(issue.path), message: issue.message })),
    };
  }
  const { type: _, url, endpoints, protocol, credentials, tls, ...rest } = parsed.data;
  const unknown = Object.keys(endpoints).filter((site) => !sites.includes(site));
  const bare = sites.filter((site) => endpoints[site] === undefined && url === undefined);
  const secure = [...Object.values(endpoints), url ?? []].some((list) => list[0]?.secure);
  const mistakes = [
    ...protocolMistakes(parsed.data),
    ...(Object.keys(tls).length > 0 && !secure
      ? [{ path: 'tls', message: 'expected amqps URLs: nothing of this is used over plain TCP' }]
      : []),
    ...unknown.map((site) => ({
      path: `endpoints.${site}`,
      message: `unknown site; expected one of ${sites.join(', ')}`,
    })),
    ...(bare.length > 0
      ? [{ path: '', message: `expected url, or endpoints for ${bare.join(', ')}` }]
      : []),
  ];
  if (mistakes.length > 0) return { mistakes };
  const brokers = Object.fromEntries(sites.map((site) => [site, endpoints[site] ?? url ?? []]));
  const kinds = new Set(Object.values(brokers).flatMap((list) => list.map(kindOf)));
  if (kinds.size > 1) {
    const message = `expected one scheme and one virtual host for all URLs; got ${[...kinds].join(' and ')}`;
    return { mistakes: [{ path: url === undefined ? 'endpoints' : 'url', message }] };
  }
  const options: ExternalOptions = {
    brokers,
    protocol: protocol === 1 ? '1.0' : protocol,
    credentials: credentialsOf(credentials),
    tls: {
      ca: tls.ca ?? null,
      cert: tls.cert ?? null,
      key: tls.key ?? null,
      serverName: tls.serverName ?? null,
    },
    queues: rest.queues,
    persistence: rest.persistence ?? null,
    prefetch: rest.prefetch,
    reply: rest.reply,
    heartbeatMs: rest.heartbeat,
    addresses: rest.addresses ?? null,
  };
  return { options };
}

/** Options that the protocol has no words for: they would be ignored. */
function protocolMistakes(
  options: z.output<typeof busOptions>,
): readonly { readonly path: string; readonly message: string }[] {
  const { protocol, addresses, queues, reply, prefetch, heartbeat } = options;
  if (protocol === '0-9-1') {
    const message = 'addresses are for protocol 1.0';
    return addresses === undefined ? [] : [{ path: 'addresses', message }];
  }
  const mistake = (
    path: string,
    message: string,
    made: boolean,
  ): { path: string; message: string }[] => (made ? [{ path, message }] : []);
  const kinds = 'who gives addresses has made the queues: expected no queues here';
  return [
    ...mistake('queues', 'streams are read over protocol 0-9-1 only', queues === 'stream'),
    ...mistake('queues', kinds, addresses !== undefined && queues === 'quorum'),
    ...mistake('reply', 'over AMQP 1.0 replies come where addresses.reply says', reply === 'queue'),
    ...amqp1Mistakes(prefetch, heartbeat),
  ];
}

function kindOf({ secure, vhost }: Broker): string {
  return `${secure ? 'amqps' : 'amqp'} with ${vhost}`;
}

function credentialsOf(
  given: { readonly env: string } | { readonly file: string } | undefined,
): ExternalOptions['credentials'] {
  if (given === undefined) return null;
  return 'env' in given ? { kind: 'env', name: given.env } : { kind: 'file', path: given.file };
}

/** A broker, or what is wrong with the text; never the text itself, which may hold a password. */
function parseUrl(text: string): Broker | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const secure = url?.protocol === 'amqps:';
  if (!url || (!secure && url.protocol !== 'amqp:')) {
    return 'expected a URL such as amqp://host:5672 or amqps://host:5671/vhost';
  }
  if (url.username !== '' || url.password !== '') {
    return 'user and password do not belong into a scenario, which is stored: use credentials: { env: NAME }';
  }
  const port = url.port === '' ? (secure ? 5671 : 5672) : Number(url.port);
  const vhost = url.pathname.length > 1 ? decodeURIComponent(url.pathname.slice(1)) : '/';
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, secure, vhost };
}

/** The options as a scenario writes them, so that they can be read again. */
export function externalNotation(options: ExternalOptions): { readonly [key: string]: Json } {
  const { brokers, credentials, tls, persistence, heartbeatMs, addresses, ...rest } = options;
  const files = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== null));
  return {
    ...rest,
    endpoints: Object.fromEntries(
      Object.entries(brokers).map(([site, list]) => [site, list.map(urlWithPath)]),
    ),
    tls: files,
    ...(credentials?.kind === 'env' && { credentials: { env: credentials.name } }),
    ...(credentials?.kind === 'file' && { credentials: { file: credentials.path } }),
    ...(persistence !== null && { persistence }),
    heartbeat: duration.format(heartbeatMs),
    ...(addresses !== null && { addresses: { ...addresses } }),
  };
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

/** The options of a scenario whose bus was parsed. */
export function externalOptions({ bus }: Pick<ResolvedScenario, 'bus'>): ExternalOptions {
  const sites = Object.keys(bus.options['endpoints'] ?? {});
  const parsed = parseExternal({ type: bus.type, ...bus.options }, sites);
  if ('options' in parsed) return parsed.options;
  throw new Error(`a resolved bus was refused: ${JSON.stringify(parsed.mistakes)}`);
}
