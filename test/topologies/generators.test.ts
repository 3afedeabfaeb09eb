import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  complete,
  type Edge,
  edgesOf,
  hubAndSpoke,
  line,
  ring,
  type Shape,
  shapes,
  star,
  tree,
} from '../../topologies/generators.ts';

const names = (n: number): string[] => Array.from({ length: n }, (_, i) => `n${i}`);

function reachable(nodes: readonly string[], edges: readonly Edge[]): number {
  const seen = new Set(nodes.slice(0, 1));
  for (let grown = true; grown; ) {
    grown = false;
    for (const [a, b] of edges) {
      if (seen.has(a) === seen.has(b)) continue;
      seen.add(a).add(b);
      grown = true;
    }
  }
  return seen.size;
}

describe('generators', () => {
  it('connect every node, without loops or duplicates, earlier node first where that is possible', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Shape>(...shapes),
        fc.integer({ min: 0, max: 40 }),
        (shape, n) => {
          const nodes = names(n);
          const edges = edgesOf(shape, nodes);
          expect(reachable(nodes, edges)).toBe(n);
          expect(edges.every(([a, b]) => a !== b && nodes.includes(a) && nodes.includes(b))).toBe(
            true,
          );
          expect(edges.every(([a, b]) => nodes.indexOf(a) < nodes.indexOf(b))).toBe(true);
          expect(new Set(edges.map(([a, b]) => `${a} ${b}`)).size).toBe(edges.length);
        },
      ),
    );
  });

  it('have the edges their name promises', () => {
    const nodes = names(5);
    expect(complete(nodes)).toHaveLength(10);
    expect(star(nodes)).toEqual([
      ['n0', 'n1'],
      ['n0', 'n2'],
      ['n0', 'n3'],
      ['n0', 'n4'],
    ]);
    expect(line(nodes)).toEqual([
      ['n0', 'n1'],
      ['n1', 'n2'],
      ['n2', 'n3'],
      ['n3', 'n4'],
    ]);
    expect(ring(nodes)).toEqual([...line(nodes), ['n0', 'n4']]);
    expect(ring(names(2))).toEqual([['n0', 'n1']]);
    expect(tree(names(7))).toEqual([
      ['n0', 'n1'],
      ['n0', 'n2'],
      ['n1', 'n3'],
      ['n1', 'n4'],
      ['n2', 'n5'],
      ['n2', 'n6'],
    ]);
    expect(hubAndSpoke(nodes, 2)).toEqual([
      ['n0', 'n1'],
      ['n0', 'n2'],
      ['n1', 'n3'],
      ['n0', 'n4'],
    ]);
    expect(hubAndSpoke(nodes)).toEqual(star(nodes));
  });

  it('keep a tree within its arity and refuse one without children', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 50 }), (arity, n) => {
        const children = new Map<string, number>();
        for (const [parent] of tree(names(n), arity)) {
          children.set(parent, (children.get(parent) ?? 0) + 1);
        }
        expect(Math.max(0, ...children.values())).toBeLessThanOrEqual(arity);
      }),
    );
    expect(() => tree(names(3), 0)).toThrow(RangeError);
    expect(() => hubAndSpoke(names(3), 0)).toThrow(RangeError);
  });
});
