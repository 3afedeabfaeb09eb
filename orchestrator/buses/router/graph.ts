/** A joined pair with what it costs to cross. */
export interface WeightedEdge {
  readonly from: string;
  readonly to: string;
  readonly cost: number;
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
