import { z } from 'zod';
import { edgesOf, hubAndSpoke, type Shape, shapes } from '../../../topologies/generators.ts';
import type { BusSpec } from '../../../topologies/scenario.ts';
import { pathText } from '../../scenario/path.ts';
import { list, oneOf, shape, whole } from '../../scenario/schema-parts.ts';
import { shapeIssues, wording } from '../../scenario/shape-issues.ts';
import { edgeMistakes } from './graph.ts';

export type RouterProgram = 'qdrouterd' | 'skrouterd';

/** Two routers joined, and what a message pays to cross; `delay` is the link's one-way delay in whole ms. */
export interface EdgeSpec {
  readonly from: string;
  readonly to: string;
  readonly cost: number | 'delay';
}

/** `bus:` of a scenario whose type is router, with every default filled in. */
export interface RouterOptions {
  readonly program: 'auto' | RouterProgram;
  /** Null where the edges were given by hand. */
  readonly graph: Shape | null;
  readonly edges: readonly EdgeSpec[];
  /** Routers in mode edge: the spokes of `hub-and-spoke`. */
  readonly edgeRouters: readonly string[];
  /** How anycast addresses choose among servers. Unicast is always closest, multicast goes to all. */
  readonly distribution: 'closest' | 'balanced';
  readonly workers: number;
  /** Messages a router lets a sender have unsettled or unforwarded on one link. */
  readonly linkCapacity: number;
  /** Messages a router may send ahead to a server (link credit). */
  readonly credit: number;
  /** What every address begins with; oslo.messaging's by default. */
  readonly prefix: string;
}

export interface RouterMistake {
  readonly path: string;
  readonly message: string;
}

const costType = z.union(
  [z.literal('delay'), whole(1, 10_000, 'what a message pays to cross')],
  oneOf('a whole number from 1 to 10000, or delay', ['delay']),
);

const busOptions = shape({
  type: z.literal('router'),
  nodes: list(z.string()).min(1).max(64).optional(),
  program: z.enum(['auto', 'qdrouterd', 'skrouterd']).default('auto'),
  graph: z.enum([...shapes] as [Shape, ...Shape[]]).optional(),
  edges: list(shape({ from: z.string(), to: z.string(), cost: costType.optional() })).optional(),
  hubs: whole(1, 64, 'Hubs of hub-and-spoke').optional(),
  cost: costType.default(1),
  distribution: z.enum(['closest', 'balanced']).default('balanced'),
  workers: whole(1, 64, 'Threads of each router').default(4),
  linkCapacity: whole(1, 100_000, 'Messages in flight on one link').default(250),
  credit: whole(1, 100_000, 'Messages sent ahead to a server').default(100),
  prefix: z
    .string()
    .regex(/^[a-z][\w.-]*(\/[\w.-]+)*$/i, 'expected names joined by slashes, like openstack.org/om')
    .default('openstack.org/om'),
});

/** Reads `bus:`; nodes default to one a site, the graph to complete. */
export function parseRouterOptions(
  raw: Readonly<Record<string, unknown>>,
  sites: readonly string[],
):
  | { readonly nodes: readonly string[]; readonly options: RouterOptions }
  | { readonly mistakes: readonly RouterMistake[] } {
  const parsed = busOptions.safeParse(raw, { error: wording });
  if (!parsed.success) {
    const issues = shapeIssues(parsed.error.issues);
    return { mistakes: issues.map(({ path, message }) => ({ path: pathText(path), message })) };
  }
  const { type: _, nodes, graph, edges, hubs, cost, ...rest } = parsed.data;
  const placed = nodes?.filter((site) => site !== undefined) ?? sites;
  const names = routerNames(placed.length);
  const given = edges?.filter((edge) => edge !== undefined);
  const mistakes = [
    ...combinationMistakes(graph, given !== undefined, hubs, names.length),
    ...(given === undefined ? [] : edgeMistakes(given, names)),
  ];
  if (mistakes.length > 0) return { mistakes };
  const layout = given === undefined ? (graph ?? 'complete') : null;
  const pairs = layout === null ? [] : pairsOf(layout, names, hubs ?? 1);
  const options: RouterOptions = {
    ...rest,
    graph: layout,
    edges:
      given?.map((edge) => ({ ...edge, cost: edge.cost ?? cost })) ??
      pairs.map(([from, to]) => ({ from, to, cost })),
    edgeRouters: layout === 'hub-and-spoke' ? names.slice(hubs ?? 1) : [],
  };
  return { nodes: placed, options };
}

/** The options as a scenario writes them, so that they can be read again. */
export function routerNotation(
  { graph, edges, edgeRouters, ...rest }: RouterOptions,
  nodes: number,
): BusSpec['options'] {
  if (graph === null) return { ...rest, edges: edges.map((edge) => ({ ...edge })) };
  // One cost for all: edges of their own cost are edges by hand.
  const [first] = edges;
  return {
    ...rest,
    graph,
    ...(graph === 'hub-and-spoke' && { hubs: nodes - edgeRouters.length }),
    ...(first !== undefined && { cost: first.cost }),
  };
}

/** The options of a bus that was parsed. */
export function routerOptions({ type, nodes, options }: BusSpec): RouterOptions {
  const parsed = parseRouterOptions({ type, nodes, ...options }, nodes);
  if ('options' in parsed) return parsed.options;
  throw new Error(`a resolved bus was refused: ${JSON.stringify(parsed.mistakes)}`);
}

/** `bus-1` ... in the order of the scenario. */
export function routerNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `bus-${i + 1}`);
}

function pairsOf(
  graph: Shape,
  names: readonly string[],
  hubs: number,
): readonly (readonly [a: string, b: string])[] {
  return graph === 'hub-and-spoke' ? hubAndSpoke(names, hubs) : edgesOf(graph, names);
}

function combinationMistakes(
  graph: Shape | undefined,
  byHand: boolean,
  hubs: number | undefined,
  nodes: number,
): readonly RouterMistake[] {
  const mistakes: RouterMistake[] = [];
  if (graph !== undefined && byHand) {
    mistakes.push({ path: 'edges', message: 'expected either graph or edges; got both' });
  }
  if (hubs !== undefined && graph !== 'hub-and-spoke') {
    mistakes.push({ path: 'hubs', message: 'only graph: hub-and-spoke has hubs' });
  }
  if (hubs !== undefined && hubs > nodes) {
    mistakes.push({ path: 'hubs', message: `expected at most ${nodes} (the nodes); got ${hubs}` });
  }
  return mistakes;
}
