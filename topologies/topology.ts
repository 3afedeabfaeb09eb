import { z } from 'zod';
import type { Immutable } from './json.ts';
import { named, oneOf, orNull, quantity, shape, whole } from './language/codecs.ts';
import { namesOfRange } from './language/ranges.ts';
import { bitRate, duration, percent, quantityProblem, unlimited } from './language/units.ts';

/** What a site may be called. */
export const siteName: z.ZodString = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, {
  error: 'expected a site name: a letter, then up to 31 letters, digits, - or _',
});

/** Of a whole scenario. */
const mostSites = 200;

const siteOrRange = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}(\[\d{1,4}-\d{1,4}\][A-Za-z0-9_-]{0,31})?$/, {
    error:
      'expected a site name (a letter, then up to 31 letters, digits, - or _) or a range of them such as "edge-[1-100]"',
  });

const sshDescription = 'what ssh dials: host, user@host or an alias';
const addressDescription =
  'IPv4 address or name that other machines dial, and that it listens on; the one that ssh reached when absent';
const optionsDescription = 'further options of ssh, as in ssh_config: Port=2222, ProxyJump=gateway';
const nodeDescription = 'path of node there; the one on PATH when absent';

const machine = z.object({
  ssh: z.string().meta({ description: sshDescription }),
  address: z.string().nullable().meta({ description: addressDescription }),
  node: z.string().nullable().meta({ description: nodeDescription }),
  options: z.array(z.string()).meta({ description: optionsDescription }),
});

/** Host keys are checked as the user has it: no scenario turns that off. */
const sshOption = z
  .string()
  .regex(/^[A-Za-z]+=./s, { error: 'expected an option of ssh as Name=value' })
  .refine(
    (text) => !/^(StrictHostKeyChecking|(User|Global)KnownHostsFile|CheckHostIP)=/i.test(text),
    {
      error: 'host keys are always checked: put the key of the machine into ~/.ssh/known_hosts',
    },
  );

const sshTarget = z.string().regex(/^[^\s-]\S*$/, {
  error: 'expected what ssh dials: host, user@host or an alias, without blanks',
});

const host = z.codec(
  oneOf(
    [
      sshTarget,
      shape({
        ssh: sshTarget.meta({ description: sshDescription }),
        address: orNull(z.string().min(1)).meta({ description: addressDescription }),
        node: orNull(z.string().regex(/^\//, { error: 'expected an absolute path' })).meta({
          description: nodeDescription,
        }),
        options: z.array(sshOption).prefault([]).meta({ description: optionsDescription }),
      }),
    ],
    'a host name or { ssh, address, node, options }',
    ['ssh', 'address', 'node', 'options'],
  ),
  machine,
  {
    decode: (written) =>
      typeof written === 'string'
        ? { ssh: written, address: null, node: null, options: [] }
        : written,
    encode: (resolved) => resolved,
  },
);

/** A real machine, as a scenario names it. */
export type Machine = Immutable<z.output<typeof machine>>;

const site = z.object({
  name: siteName,
  hosts: z
    .array(machine)
    .meta({ description: 'machines of the site; empty where the fabric makes one host a site' }),
});

/** Sites by their names, ranges spelt out. */
function expandSites(
  written: readonly string[],
  refuse: (message: string) => void,
): { name: string; hosts: [] }[] {
  const names = written.flatMap((text) => {
    const range = namesOfRange(text);
    if (range?.length === 0) refuse(`the range ${text} ends before it begins`);
    return range ?? [text];
  });
  if (names.length > mostSites) refuse(`expected at most ${mostSites} sites, got ${names.length}`);
  const long = names.find((name) => name.length > 32);
  if (long !== undefined) refuse(`expected at most 32 characters in a site name, got ${long}`);
  return names.map((name) => ({ name, hosts: [] }));
}

/** `sites:` of a scenario. */
export const sites = z
  .codec(
    oneOf(
      [
        z.array(siteOrRange).min(1).max(mostSites),
        z.record(siteName, shape({ hosts: z.array(host).min(1) }).nullable()),
      ],
      'a list of site names or a map of site: { hosts: [...] }',
      [],
    ),
    z.array(site),
    {
      decode: (written, context) =>
        Array.isArray(written)
          ? expandSites(written, (message) => {
              context.issues.push({ code: 'custom', message, input: written });
            })
          : Object.entries(written).map(([name, value]) => ({ name, hosts: value?.hosts ?? [] })),
      encode: (resolved) =>
        resolved.every(({ hosts }) => hosts.length === 0)
          ? resolved.map(({ name }) => name)
          : Object.fromEntries(resolved.map(({ name, hosts }) => [name, { hosts }])),
    },
  )
  .meta({
    description:
      'where things run: names, or ranges such as "edge-[1-100]"; for real machines a map of site: { hosts: [...] }',
  });

/** A place where agents and bus nodes live; its hosts are one machine, namespace or address each. */
export type Site = Immutable<z.output<typeof site>>;

const bandwidth = z.codec(
  z.union([z.literal(unlimited), quantity(bitRate, 'bandwidth of one direction')], {
    error: ({ input }) => `${quantityProblem(bitRate, input)}; "${unlimited}" is allowed`,
  }),
  z.number().nullable().meta({ description: 'Mbit/s of one direction; null is unlimited' }),
  {
    decode: (written) => (written === unlimited ? null : written),
    encode: (resolved) => resolved ?? unlimited,
  },
);

/** What a link, one direction between two sites, can be given. */
export const linkFields = {
  delay: quantity(duration, 'one-way delay; the round trip is twice this').exactOptional(),
  jitter: quantity(duration, 'standard deviation of the delay').exactOptional(),
  loss: quantity(percent, 'share of packets lost').exactOptional(),
  burst: named(
    whole(1, 1_000, 'packets lost in a row on average; 1 or absent: each is lost by itself'),
    'lossBurst',
  ).exactOptional(),
  rate: named(bandwidth, 'rateMbps').exactOptional(),
};

/** Some of it: `links.default`, and what a `degrade` fault replaces. */
export const linkValues = shape(linkFields);
export type LinkValues = Immutable<z.output<typeof linkValues>>;

/** What a link imposes on its traffic. */
export const linkShape = linkValues.out.required({
  delayMs: true,
  jitterMs: true,
  lossPercent: true,
  rateMbps: true,
});
export type LinkShape = Immutable<z.output<typeof linkShape>>;

/** A link that does nothing to its traffic. */
export const unimpaired: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };

/** One direction: `from` sends, `to` receives. Every ordered pair of distinct sites has exactly one. */
export const link = linkShape.extend({ from: z.string(), to: z.string() });
export type Link = Immutable<z.output<typeof link>>;

/** Sites and the links between them, resolved: links cover every ordered pair of distinct sites. */
export interface Topology {
  readonly sites: readonly Site[];
  readonly links: readonly Link[];
}
