/** An undirected edge between two named nodes, earlier node first. */
export type Edge = readonly [a: string, b: string];

/** Graphs that a bus may be laid out as. */
export const shapes = ['complete', 'ring', 'star', 'line', 'tree', 'hub-and-spoke'] as const;

export type Shape = (typeof shapes)[number];

/** Every node with every other: n(n-1)/2 edges. */
export function complete(names: readonly string[]): readonly Edge[] {
  return names.flatMap((a, i) => names.slice(i + 1).map((b): Edge => [a, b]));
}

/** The first node with each other: n-1 edges. */
export function star(names: readonly string[]): readonly Edge[] {
  const [centre, ...others] = names;
  return centre === undefined ? [] : others.map((other): Edge => [centre, other]);
}

/** Each node with the next: n-1 edges. */
export function line(names: readonly string[]): readonly Edge[] {
  return pairs(names);
}

/** A line whose last node is joined to the first: n edges from three nodes on; two nodes are a line. */
export function ring(names: readonly string[]): readonly Edge[] {
  const first = names[0];
  const last = names.at(-1);
  const edges = pairs(names);
  if (first === undefined || last === undefined || names.length < 3) return edges;
  return [...edges, [first, last]];
}

/** A heap-shaped tree rooted at the first node, every parent with up to `arity` children: n-1 edges. */
export function tree(names: readonly string[], arity = 2): readonly Edge[] {
  if (!Number.isInteger(arity) || arity < 1) throw new RangeError(`arity ${arity} of a tree`);
  return names.flatMap((child, i): Edge[] => {
    const parent = i === 0 ? undefined : names[Math.floor((i - 1) / arity)];
    return parent === undefined ? [] : [[parent, child]];
  });
}

/**
 * The first `hubs` nodes form a complete graph; every other node is a spoke of one hub, dealt round robin.
 * With one hub it is a star.
 */
export function hubAndSpoke(names: readonly string[], hubs = 1): readonly Edge[] {
  if (!Number.isInteger(hubs) || hubs < 1) throw new RangeError(`${hubs} hubs`);
  const centre = names.slice(0, hubs);
  const spokes = names.slice(hubs).flatMap((spoke, i): Edge[] => {
    const hub = centre[i % centre.length];
    return hub === undefined ? [] : [[hub, spoke]];
  });
  return [...complete(centre), ...spokes];
}

/** The edges of a shape by its name, with the defaults of its generator. */
export function edgesOf(shape: Shape, names: readonly string[]): readonly Edge[] {
  switch (shape) {
    case 'complete':
      return complete(names);
    case 'ring':
      return ring(names);
    case 'star':
      return star(names);
    case 'line':
      return line(names);
    case 'tree':
      return tree(names);
    case 'hub-and-spoke':
      return hubAndSpoke(names);
  }
}

function pairs(names: readonly string[]): Edge[] {
  return names.slice(1).map((name, i): Edge => [names[i] ?? name, name]);
}
