import type { BusOf } from '../../../topologies/buses/buses.ts';
import { routerGraph } from '../../../topologies/buses/router.ts';
import { itemAt } from '../../../topologies/item-at.ts';
import type { Link } from '../../../topologies/topology.ts';
import type { WeightedEdge } from './graph.ts';

/** Everything about one router that is known before anything is started. */
export interface RouterPlan {
  readonly name: string;
  readonly site: string;
  readonly mode: 'standalone' | 'interior' | 'edge';
  /** Roles in which other routers connect to it. */
  readonly accepts: readonly ('inter-router' | 'edge')[];
  /** Whom it connects to: of a joined pair the later node dials, so that starting in order finds all listening. */
  readonly dials: readonly { readonly to: string; readonly cost: number }[];
}

export interface MeshPlan {
  readonly routers: readonly RouterPlan[];
  /** Edges that routes are computed over: those between interior routers. */
  readonly interior: readonly WeightedEdge[];
}

/** Puts the nodes on the graph, costs resolved. */
export function planMesh(
  bus: Pick<BusOf<'router'>, 'nodes' | 'options'>,
  links: readonly Link[],
): MeshPlan {
  const { names, edges: given, edgeRouters } = routerGraph(bus);
  const siteOf = new Map(names.map((name, i) => [name, itemAt(bus.nodes, i)]));
  const edges = given.map(({ from, to, cost }): WeightedEdge => {
    const [early, late] = names.indexOf(from) < names.indexOf(to) ? [from, to] : [to, from];
    const price = cost === 'delay' ? delayCost(siteOf.get(early), siteOf.get(late), links) : cost;
    return { from: early, to: late, cost: price };
  });
  const atEdge = new Set(edgeRouters);
  const routers = names.map((name): RouterPlan => {
    const incoming = edges.filter((edge) => edge.from === name);
    const outgoing = edges.filter((edge) => edge.to === name);
    const roles = incoming.map(({ to }) => (atEdge.has(to) ? 'edge' : 'inter-router'));
    return {
      name,
      site: siteOf.get(name) ?? '',
      mode: names.length === 1 ? 'standalone' : atEdge.has(name) ? 'edge' : 'interior',
      accepts: (['inter-router', 'edge'] as const).filter((role) => roles.includes(role)),
      dials: outgoing.map(({ from, cost }) => ({ to: from, cost })),
    };
  });
  return { routers, interior: edges.filter(({ to }) => !atEdge.has(to)) };
}

/** One-way delay in whole ms, as routers count costs: 1 to 10000. */
function delayCost(
  from: string | undefined,
  to: string | undefined,
  links: readonly Link[],
): number {
  const delays = links
    .filter((link) => [from, to].includes(link.from) && [from, to].includes(link.to))
    .map((link) => link.delayMs);
  return Math.min(10_000, Math.max(1, Math.round(Math.max(0, ...delays))));
}
