import { z } from 'zod';
import type {
  BusType,
  FabricName,
  FaultSpec,
  Guarantee,
  Json,
  Placement,
} from '../../topologies/scenario.ts';
import type { Site } from '../../topologies/topology.ts';
import { type LinkValues, linkFields, linkValues } from './link-shape.ts';
import { list, oneOf, quantityType, shape, whole } from './schema-parts.ts';
import { duration } from './units.ts';
import {
  type PhasesShape,
  phasesType,
  type WorkloadShape,
  workloadType,
} from './workload-shape.ts';

interface ConstraintShape {
  readonly src: string;
  readonly dst: string;
  readonly symmetric: boolean;
  readonly link: LinkValues;
}

export interface FaultShape {
  readonly at?: number | undefined;
  readonly after?: number | undefined;
  readonly for?: number | undefined;
  readonly action: FaultSpec['action'];
  readonly between?: readonly [string | readonly string[], string | readonly string[]] | undefined;
  readonly oneWay?: boolean | undefined;
  readonly node?: string | undefined;
  readonly each?: 'bus-node' | 'link' | 'client' | undefined;
  readonly wait?: number | undefined;
  readonly optional?: boolean | undefined;
  readonly link?: LinkValues | undefined;
}

/** A scenario whose values have the right shape and base units; names and combinations are still unchecked. */
export interface ScenarioShape {
  readonly name?: string | undefined;
  readonly seed: number;
  readonly sites?: readonly (Site | undefined)[] | undefined;
  readonly fabric: FabricName;
  readonly links: {
    readonly default: LinkValues;
    readonly constraints: readonly (ConstraintShape | undefined)[];
  };
  readonly bus?:
    | {
        readonly type: BusType;
        readonly nodes?: readonly (string | undefined)[] | undefined;
        readonly [option: string]: unknown;
      }
    | undefined;
  readonly guarantee: Guarantee;
  readonly servers: { readonly count?: number | undefined; readonly placement: Placement };
  readonly clients: {
    readonly count?: number | undefined;
    readonly placement: Placement;
    readonly connections: 'own' | 'shared';
    readonly failover: boolean;
    readonly reconnect: { readonly min: number; readonly max: number };
  };
  readonly workload: WorkloadShape;
  readonly phases: PhasesShape;
  readonly faults: readonly (FaultShape | undefined)[];
  readonly expect: readonly (string | undefined)[];
}

const nameType = (what: string): z.ZodString =>
  z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, {
    error: `expected ${what}: a letter, then up to 31 letters, digits, - or _`,
  });

const hostType = z.union(
  [
    z
      .string()
      .min(1)
      .transform((ssh) => ({ ssh, address: null })),
    shape({
      ssh: z.string().min(1).meta({ description: 'what ssh dials: host, user@host or an alias' }),
      address: z
        .string()
        .min(1)
        .nullish()
        .transform((address) => address ?? null)
        .meta({ description: 'address that other sites dial; the ssh host when absent' }),
    }),
  ],
  oneOf('a host name or { ssh, address }', ['ssh', 'address']),
);

const siteMapType = z
  .record(nameType('a site name'), shape({ hosts: z.array(hostType).min(1) }).nullable())
  .transform((map): Site[] =>
    Object.entries(map).map(([name, site]) => ({ name, hosts: site?.hosts ?? [] })),
  );

const siteListType = list(nameType('a site name').transform((name) => ({ name, hosts: [] }))).max(
  200,
);

const sitesType = z
  .union(
    [siteListType.min(1), siteMapType],
    oneOf('a list of site names or a map of site: { hosts: [...] }', []),
  )
  .meta({ description: 'where things run; for real machines a map of site: { hosts: [...] }' });

const linksType = shape({
  default: shape(linkFields).transform(linkValues).prefault({}).meta({
    description: 'every path between two sites, unless a constraint says otherwise',
  }),
  constraints: list(
    shape({
      src: z.string(),
      dst: z.string(),
      ...linkFields,
      symmetric: z.boolean().prefault(true).meta({ description: 'also from dst to src' }),
    }).transform(({ src, dst, symmetric, ...link }) => ({
      src,
      dst,
      symmetric,
      link: linkValues(link),
    })),
  ).prefault([]),
})
  .prefault({})
  .meta({ description: 'what the WAN does to traffic between sites' });

const busType = z
  .looseObject({
    type: z.enum(['zeromq', 'rabbitmq', 'router', 'external', 'memory', 'none']),
    nodes: list(z.string())
      .optional()
      .meta({ description: 'the site of each node, bus-1 first; one a site when absent' }),
  })
  .meta({ description: 'the system under test; further keys are options of its type' });

const placementType = z
  .union(
    [z.literal('even'), z.record(z.string(), whole(0, 1_000_000, 'peers at this site'))],
    oneOf('even or a map of site: count', ['even']),
  )
  .prefault('even')
  .meta({ description: 'even, or an exact number of peers for each site' });

const clientsType = shape({
  count: whole(1, 1_000_000, 'clients of the whole run; 10 a site when absent').optional(),
  placement: placementType,
  connections: z
    .enum(['own', 'shared'])
    .prefault('own')
    .meta({ description: 'a connection for each client, or one for all of a process' }),
  failover: z
    .boolean()
    .prefault(false)
    .meta({ description: "go to another site's bus node when one's own is gone" }),
  reconnect: shape({
    min: quantityType(duration, 'first wait before a reconnect', 1).prefault('100ms'),
    max: quantityType(duration, 'longest wait before a reconnect', 1).prefault('5s'),
  }).prefault({}),
}).prefault({});

const faultType = shape({
  at: quantityType(duration, 'from the start of measuring').optional(),
  after: quantityType(duration, 'instead of at: from the end of the fault before it').optional(),
  for: quantityType(duration, 'how long it lasts', 1).optional(),
  action: z.enum(['partition', 'degrade', 'kill', 'restart', 'pause', 'disconnect']),
  between: z
    .tuple([siteGroup(), siteGroup()])
    .optional()
    .meta({ description: 'partition, degrade: two sites or two groups of sites' }),
  oneWay: z.boolean().optional().meta({ description: 'only traffic from the first to the second' }),
  node: z.string().optional().meta({ description: 'bus-1 ..., server.<site> or client.<site>' }),
  each: z
    .enum(['bus-node', 'link', 'client'])
    .optional()
    .meta({ description: 'one after the other' }),
  wait: quantityType(duration, 'each: pause before the next one').optional(),
  optional: z
    .boolean()
    .optional()
    .meta({ description: 'each: left out where the bus has nothing of that kind' }),
  link: shape(linkFields)
    .transform(linkValues)
    .optional()
    .meta({ description: 'degrade: the values that replace those in force' }),
});

function siteGroup(): z.ZodUnion<[z.ZodString, z.ZodArray<z.ZodString>]> {
  return z.union([z.string(), z.array(z.string()).min(1)], oneOf('a site or a list of sites', []));
}

const fields = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/, {
      error: 'expected a name: a letter or digit, then up to 99 of letters, digits, space . _ -',
    })
    .optional()
    .meta({ description: "the run's name; the file's when absent" }),
  seed: whole(0, 2 ** 32 - 1, 'seed of every random choice').prefault(1),
  fabric: z
    .enum(['loopback', 'namespaces', 'machines'])
    .prefault('loopback')
    .meta({ description: 'what turns sites into hosts' }),
  links: linksType,
  guarantee: z
    .enum(['at-most-once', 'at-least-once'])
    .prefault('at-most-once')
    .meta({ description: 'mapped to confirms, acknowledgements and settlement of each bus' }),
  servers: shape({
    count: whole(1, 100_000, 'servers of the whole run; one a site when absent').optional(),
    placement: placementType,
  }).prefault({}),
  clients: clientsType,
  workload: workloadType,
  phases: phasesType,
  faults: list(faultType).prefault([]).meta({ description: 'what breaks, and when' }),
  expect: list(z.string().min(1))
    .prefault([])
    .meta({ description: 'expressions over the result, such as latency.response.p99 < 50ms' }),
};

const schemaType = z.literal('busbench/scenario/1');

const strictType = shape({ schema: schemaType, ...fields, sites: sitesType, bus: busType });

const lenientType = shape({
  schema: schemaType.optional(),
  ...fields,
  sites: sitesType.optional(),
  bus: busType.optional(),
});

export type ShapeOutcome =
  | { readonly ok: true; readonly value: ScenarioShape }
  | { readonly ok: false; readonly issues: readonly z.core.$ZodIssue[] };

/** `lenient` lets schema, sites and bus be absent, for a second look at what else is wrong. */
export function readShape(
  raw: unknown,
  mode: 'strict' | 'lenient',
  error: (issue: z.core.$ZodRawIssue) => string | undefined,
): ShapeOutcome {
  const type = mode === 'strict' ? strictType : lenientType;
  const outcome = type.safeParse(raw, { error, reportInput: true });
  return outcome.success
    ? { ok: true, value: outcome.data }
    : { ok: false, issues: outcome.error.issues };
}

/** The scenario format as a JSON Schema (draft 2020-12) for editors. */
export function scenarioJsonSchema(): Json {
  const schema = z.toJSONSchema(strictType, { io: 'input', unrepresentable: 'any' });
  return JSON.parse(JSON.stringify({ ...schema, title: 'busbench scenario' })) as Json;
}
