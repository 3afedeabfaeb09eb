import { describe, expect, test } from 'vitest';
import { cheapestCosts } from '../../../../orchestrator/buses/router/graph.ts';
import { routerGraph } from '../../../../topologies/buses/router.ts';
import { busMistakes, busWith } from '../../../helpers/buses.ts';

const sites = ['paris', 'lyon', 'nice'];

function mistakes(bus: Record<string, unknown>): readonly string[] {
  return busMistakes('router', bus, sites).map(({ path, message }) => `${path}: ${message}`);
}

describe('router options', () => {
  test('defaults: one router a site, every pair joined', () => {
    const bus = busWith('router', {}, sites);
    expect(routerGraph(bus)).toEqual({
      names: ['bus-1', 'bus-2', 'bus-3'],
      edges: [
        { from: 'bus-1', to: 'bus-2', cost: 1 },
        { from: 'bus-1', to: 'bus-3', cost: 1 },
        { from: 'bus-2', to: 'bus-3', cost: 1 },
      ],
      edgeRouters: [],
    });
    expect(bus).toEqual({
      type: 'router',
      nodes: sites,
      options: {
        program: 'auto',
        graph: null,
        edges: null,
        hubs: null,
        cost: 1,
        distribution: 'balanced',
        workers: 4,
        linkCapacity: 250,
        credit: 100,
        prefix: 'openstack.org/om',
      },
    });
  });

  test('edges by hand take the common cost where they name none', () => {
    const edges = [
      { from: 'bus-1', to: 'bus-2' },
      { from: 'bus-3', to: 'bus-2', cost: 7 },
    ];
    expect(routerGraph(busWith('router', { edges, cost: 3 }, sites)).edges).toEqual([
      { from: 'bus-1', to: 'bus-2', cost: 3 },
      { from: 'bus-3', to: 'bus-2', cost: 7 },
    ]);
  });

  test('every mistake of a hand-made graph at once', () => {
    const edges = [
      { from: 'bus-1', to: 'bus-1' },
      { from: 'bus-1', to: 'bus-2' },
      { from: 'bus-2', to: 'bus-1' },
      { from: 'bus2', to: 'bus-9' },
    ];
    expect(mistakes({ edges, graph: 'ring', hubs: 2 })).toMatchInlineSnapshot(`
      [
        "edges: expected either graph or edges; got both",
        "hubs: only graph: hub-and-spoke has hubs",
        "edges[0].to: an edge from bus-1 to itself",
        "edges[2]: bus-2 and bus-1 are already joined by edges[1]",
        "edges[3].from: unknown bus node bus2; expected bus-1 to bus-3; did you mean "bus-2"?",
        "edges[3].to: unknown bus node bus-9; expected bus-1 to bus-3; did you mean "bus-1"?",
      ]
    `);
  });

  test('a graph in two pieces names what cannot be reached', () => {
    expect(mistakes({ edges: [{ from: 'bus-1', to: 'bus-2' }] })).toMatchInlineSnapshot(`
      [
        "edges: expected a connected graph; no path leads from bus-1 to bus-3",
      ]
    `);
  });

  test('shapes, ranges and typos', () => {
    expect(
      mistakes({ graph: 'compleet', cost: 0, workers: 1.5, distribution: 'nearest', prefx: 'a' }),
    ).toMatchInlineSnapshot(`
      [
        "graph: expected one of complete, ring, star, line, tree, hub-and-spoke; got "compleet"; did you mean "complete"?",
        "cost: expected at least 1; got 0",
        "distribution: expected one of closest, balanced; got "nearest"",
        "workers: expected a whole number; got 1.5",
        "prefx: unknown key "prefx"; did you mean "prefix"?",
      ]
    `);
    expect(mistakes({ graph: 'hub-and-spoke', hubs: 4 })).toMatchInlineSnapshot(`
      [
        "hubs: expected at most 3 (the nodes); got 4",
      ]
    `);
  });
});

test('costs are those of the cheapest path, not of the fewest hops', () => {
  const edges = [
    { from: 'bus-1', to: 'bus-4', cost: 10 },
    { from: 'bus-1', to: 'bus-2', cost: 2 },
    { from: 'bus-2', to: 'bus-3', cost: 2 },
    { from: 'bus-3', to: 'bus-4', cost: 2 },
    { from: 'bus-5', to: 'bus-6', cost: 1 },
  ];
  expect(Object.fromEntries(cheapestCosts('bus-1', edges))).toEqual({
    'bus-2': 2,
    'bus-3': 4,
    'bus-4': 6,
  });
});
