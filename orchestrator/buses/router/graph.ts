import { didYouMean } from '../../../topologies/near-name.ts';

/** A joined pair with what it costs to cross. */
export interface WeightedEdge {
  readonly from: string;
  readonly to: string;
  readonly cost: number;
}

/** Unknown nodes, loops, duplicates, and nodes that nothing connects; paths are below `bus`. */
export function edgeMistakes(
  edges: readonly { readonly from: string; readonly to: string }[],
  names: readonly string[],
): readonly { readonly path: string; readonly message: string }[] {
  const mistakes: { path: string; message: string }[] = [];
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

/** Cost of the cheapest path from `start` to each node that can be reached (Dijkstra), `start` itself left out. */
export function cheapestCosts(
  start: string,
  edges: readonly WeightedEdge[],
): ReadonlyMap<string, number> {
  const costs = new Map([[start, 0]]);
  const open = new Set([start]);
  while (open.size > 0) {
    const nearest = [...open].reduce((a, b) => (cost(costs, b) < cost(costs, a) ? b : a));
    open.delete(nearest);
    for (const edge of edges) {
      const other = edge.from === nearest ? edge.to : edge.to === nearest ? edge.from : null;
      if (other === null) continue;
      const through = cost(costs, nearest) + edge.cost;
      if (through >= cost(costs, other)) continue;
      costs.set(other, through);
      open.add(other);
    }
  }
  costs.delete(start);
  return costs;
}

function cost(costs: ReadonlyMap<string, number>, name: string): number {
  return costs.get(name) ?? Number.POSITIVE_INFINITY;
}
