import { z } from 'zod';
import { agents } from './agents.ts';
import { type BusOf, type BusType, bus } from './buses/buses.ts';
import { fault, faultSpec, writtenFault } from './faults.ts';
import type { Immutable } from './json.ts';
import { shape, whole } from './language/codecs.ts';
import { links, writtenLinks } from './links.ts';
import { clients, servers } from './peers.ts';
import { phases } from './phases.ts';
import { link, sites } from './topology.ts';
import { workload } from './workload.ts';

/** A scenario as written: each section by itself; names, combinations and what follows from others are still open. */
export const writtenScenario = shape({
  schema: z.literal('busbench/scenario/1'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/, {
      error: 'expected a name: a letter or digit, then up to 99 of letters, digits, space . _ -',
    })
    .exactOptional()
    .meta({ description: "the run's name; the file's when absent" }),
  seed: whole(0, 2 ** 32 - 1, 'seed of every random choice').prefault(1),
  sites,
  inventory: z.string().min(1).exactOptional().meta({
    description:
      'an Ansible inventory, relative to the scenario file: its groups of the names of the sites are their hosts',
  }),
  fabric: z
    .enum(['loopback', 'namespaces', 'machines'])
    .prefault('loopback')
    .meta({ description: 'what turns sites into hosts' }),
  agents,
  links,
  bus,
  guarantee: z
    .enum(['at-most-once', 'at-least-once'])
    .prefault('at-most-once')
    .meta({ description: 'mapped to confirms, acknowledgements and settlement of each bus' }),
  servers,
  clients,
  workload,
  phases,
  faults: z.array(fault).prefault([]).meta({ description: 'what breaks, and when' }),
  expect: z
    .array(z.string().min(1))
    .prefault([])
    .meta({ description: 'expressions over the result, such as latency.response.p99 < 50ms' }),
});

export type WrittenScenario = Immutable<z.output<typeof writtenScenario>>;

const peers = z.number().meta({ description: 'of the whole run; 0 where there is no bus' });
const { out: written } = writtenScenario;

/** A scenario with every default filled in, every unit normalised, every name checked. */
const resolvedScenario = written.extend({
  name: z.string(),
  links: z.array(link).meta({ description: 'every ordered pair of distinct sites, in site order' }),
  servers: servers.def.innerType.out.extend({ count: peers }),
  clients: clients.def.innerType.out.extend({ count: peers }),
  phases: phases.def.innerType.out.required({ drainMs: true }),
  faults: z.array(faultSpec),
});

export type ResolvedScenario = Immutable<z.output<typeof resolvedScenario>>;

/** As a result stores it. */
export const scenarioSchema: z.ZodType<ResolvedScenario> = resolvedScenario;

/** A scenario whose bus is of one type. */
export type ScenarioWith<T extends BusType> = ResolvedScenario & { readonly bus: BusOf<T> };

export type FabricName = ResolvedScenario['fabric'];
export type Guarantee = ResolvedScenario['guarantee'];
export type WorkloadSpec = ResolvedScenario['workload'];
/** When the next operation is due. Rates are operations a second over all clients. */
export type Pace = WorkloadSpec['pace'];
export type PhasesSpec = ResolvedScenario['phases'];

/** The scenario in the notation of a file, every default filled in; reading it gives an equal scenario again. */
export function scenarioNotation(scenario: ResolvedScenario): unknown {
  return writtenScenario.encode({
    ...scenario,
    links: writtenLinks(scenario),
    servers: ifAny(scenario.servers),
    clients: ifAny(scenario.clients),
    faults: scenario.faults.map(writtenFault),
  } as z.output<typeof writtenScenario>);
}

/** Without a bus there is nobody, which is the default there and cannot be written elsewhere. */
function ifAny<T extends { readonly count: number }>(given: T): Omit<T, 'count'> {
  const { count, ...rest } = given;
  return count === 0 ? rest : given;
}

/** The scenario format as a JSON Schema (draft 2020-12) for editors. */
export function scenarioJsonSchema(): object {
  const schema = z.toJSONSchema(writtenScenario, { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'busbench scenario' };
}
