import { z } from 'zod';
import { type Edge, edgesOf, hubAndSpoke, shapes } from '../generators.ts';
import type { Immutable } from '../json.ts';
import { oneOf, orNull, shape, whole } from '../language/codecs.ts';
import { didYouMean } from '../near-name.ts';
import { type BusMistake, busOf } from './options.ts';

const cost = oneOf(
  [z.literal('delay'), whole(1, 10_000, 'what a message pays to cross')],
  'a whole number from 1 to 10000, or delay',
  ['delay'],
);

const edge = shape({
  from: z.string().meta({ description: 'a bus node, bus-1 ...' }),
  to: z.string().meta({ description: 'another one' }),
  cost: orNull(cost).meta({ description: "instead of the bus's cost" }),
});

/** qdrouterd or skrouterd, joined in any graph. */
export const router = busOf('router', {
  program: z
    .enum(['auto', 'qdrouterd', 'skrouterd'])
    .prefault('auto')
    .meta({ description: 'auto: whichever is found' }),
  graph: orNull(z.enum(shapes)).meta({ description: 'how routers are joined; else complete' }),
  edges: orNull(z.array(edge)).meta({ description: 'instead of a graph: each joined pair' }),
  hubs: orNull(whole(1, 64, 'hub-and-spoke: how many of the first nodes are hubs; else 1')),
  cost: cost
    .prefault(1)
    .meta({ description: "what an edge costs; delay: its link's one-way delay in whole ms" }),
  distribution: z.enum(['closest', 'balanced']).prefault('balanced').meta({
    description:
      'how anycast chooses among servers; unicast is always closest, multicast goes to all',
  }),
  workers: whole(1, 64, 'threads of each router').prefault(4),
  linkCapacity: whole(
    1,
    100_000,
    'messages a sender may have unsettled or unforwarded on one link',
  ).prefault(250),
  credit: whole(1, 100_000, 'messages sent ahead to a server').prefault(100),
  prefix: z
    .string()
    .regex(/^[a-z][\w.-]*(\/[\w.-]+)*$/i, 'expected names joined by slashes, like openstack.org/om')
    .prefault('openstack.org/om')
    .meta({ description: 'what every address begins with' }),
});

type RouterBus = Immutable<z.output<typeof router>>;
export type RouterOptions = RouterBus['options'];

export type RouterProgram = Exclude<RouterOptions['program'], 'auto'>;

/** Two routers joined, and what a message pays to cross; `delay` is the link's one-way delay in whole ms. */
export interface RouterEdge {
  readonly from: string;
  readonly to: string;
  readonly cost: number | 'delay';
}

/** Routers of a bus, how they are joined, and which of them are in mode edge (the spokes of hub-and-spoke). */
export function routerGraph({ nodes, options }: Pick<RouterBus, 'nodes' | 'options'>): {
  readonly names: readonly string[];
  readonly edges: readonly RouterEdge[];
  readonly edgeRouters: readonly string[];
} {
  const { graph, edges, cost: price } = options;
  const names = nodes.map((_, i) => `bus-${i + 1}`);
  if (edges !== null) {
    const byHand = edges.map(({ from, to, cost: own }) => ({ from, to, cost: own ?? price }));
    return { names, edges: byHand, edgeRouters: [] };
  }
  const hubs = options.hubs ?? 1;
  const isHubbed = graph === 'hub-and-spoke';
  const pairs: readonly Edge[] = isHubbed
    ? hubAndSpoke(names, hubs)
    : edgesOf(graph ?? 'complete', names);
  return {
    names,
    edges: pairs.map(([from, to]) => ({ from, to, cost: price })),
    edgeRouters: isHubbed ? names.slice(hubs) : [],
  };
}

/** Of a bus whose nodes are known. */
export function routerMistakes(bus: RouterBus): readonly BusMistake[] {
  const { graph, edges, hubs } = bus.options;
  const { names } = routerGraph(bus);
  const mistakes: BusMistake[] = [];
  if (graph !== null && edges !== null) {
    mistakes.push({ path: 'edges', message: 'expected either graph or edges; got both' });
  }
  if (hubs !== null && graph !== 'hub-and-spoke') {
    mistakes.push({ path: 'hubs', message: 'only graph: hub-and-spoke has hubs' });
  }
  if (hubs !== null && hubs > names.length) {
    const message = `expected at most ${names.length} (the nodes); got ${hubs}`;
    mistakes.push({ path: 'hubs', message });
  }
  return edges === null ? mistakes : [...mistakes, ...edgeMistakes(edges, names)];
}

/** Unknown nodes, loops, duplicates, and nodes that nothing connects; paths are below `bus`. */
function edgeMistakes(
  edges: readonly { readonly from: string; readonly to: string }[],
  names: readonly string[],
): readonly BusMistake[] {
  const mistakes: BusMistake[] = [];
  const seen = new Map<string, number>();
  for (const [i, { from, to }] of edges.entries()) {
    for (const [end, name] of Object.entries({ from, to })) {
      if (names.includes(name)) continue;
      const message = `unknown bus node ${name}; expected bus-1 to bus-${names.length}${didYouMean(name, names)}`;
      mistakes.push({ path: `edges[${i}].${end}`, message });
    }
    if (from === to) {
      mistakes.push({ path: `edges[${i}].to`, message: `an edge from ${from} to itself` });
    }
    const key = [from, to].sort().join(' ');
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, i);
    else {
      const message = `${from} and ${to} are already joined by edges[${earlier}]`;
      mistakes.push({ path: `edges[${i}]`, message });
    }
  }
  if (mistakes.length > 0) return mistakes;
  const reached = component(names[0] ?? '', edges);
  const apart = names.filter((name) => !reached.has(name));
  if (apart.length > 0) {
    const message = `expected a connected graph; no path leads from ${names[0]} to ${apart.join(', ')}`;
    mistakes.push({ path: 'edges', message });
  }
  return mistakes;
}

/** Everything that can be reached from `start`, itself included. */
function component(
  start: string,
  edges: readonly { readonly from: string; readonly to: string }[],
): ReadonlySet<string> {
  const reached = new Set([start]);
  for (const name of reached) {
    for (const { from, to } of edges) {
      if (from === name) reached.add(to);
      if (to === name) reached.add(from);
    }
  }
  return reached;
}
