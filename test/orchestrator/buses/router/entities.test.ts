import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addressCounters,
  countedSince,
  linkCounters,
  localShareOf,
  totalCounters,
} from '../../../../orchestrator/buses/router/counters.ts';
import {
  edgeConnected,
  parseAddresses,
  parseLinks,
  parseNodes,
  parseTotals,
} from '../../../../orchestrator/buses/router/entities.ts';
import type { RouterRow } from '../../../../orchestrator/buses/router/management-calls.ts';
import { unseen } from '../../../../orchestrator/buses/router/mesh.ts';

interface Recorded {
  readonly version: string;
  readonly node: readonly RouterRow<'node'>[];
  readonly address: readonly RouterRow<'address'>[];
  readonly link: readonly RouterRow<'link'>[];
  readonly connection: readonly RouterRow<'connection'>[];
  readonly totals: readonly RouterRow<'totals'>[];
}

// Answers of bus-1 in the line bus-1 -1- bus-2 -5- bus-3: servers at bus-1 and bus-3, 100 calls each from clients
// at bus-1 and bus-2, `balanced`, unsettled.
const folder = join(import.meta.dirname, '../../../fixtures/routers');
const exchange = 'busbench-recorded';
const anycast = 'openstack.org/om/rpc/anycast/busbench-recorded/topic-0';

describe.each(readdirSync(folder))('answers of a real router: %s', (file) => {
  const recorded = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recorded;

  test('nodes: a neighbour has a link, the one behind it a next hop', () => {
    expect(parseNodes(recorded.node)).toEqual([
      { id: 'bus-1', cost: null, reachable: true, index: 0 },
      { id: 'bus-2', cost: 1, reachable: true, index: 1 },
      { id: 'bus-3', cost: 6, reachable: true, index: 2 },
    ]);
  });

  test('convergence is judged by cost', () => {
    const views = parseNodes(recorded.node);
    const edge = (from: string, to: string, cost: number) => ({ from, to, cost });
    const line = [edge('bus-1', 'bus-2', 1), edge('bus-2', 'bus-3', 5)];
    expect(unseen('bus-1', views, line)).toEqual([]);
    expect(unseen('bus-1', views, [...line, edge('bus-1', 'bus-3', 2)])).toEqual([
      'bus-1 sees bus-3 at cost 6, expected 2',
    ]);
    expect(unseen('bus-1', views, [...line, edge('bus-3', 'bus-4', 1)])).toEqual([
      'bus-1 does not see bus-4',
    ]);
    const lost = views.map((view) => ({ ...view, reachable: view.id === 'bus-1' }));
    expect(unseen('bus-1', lost, line)).toEqual([
      'bus-1 has no way to bus-2',
      'bus-1 has no way to bus-3',
    ]);
  });

  test('addresses are found whatever their key begins with', () => {
    const addresses = parseAddresses(recorded.address, exchange);
    expect(addresses.map(({ address }) => address)).toEqual([
      anycast,
      'openstack.org/om/rpc/unicast/busbench-recorded/topic-0/server-1',
      'openstack.org/om/rpc/unicast/busbench-recorded/topic-0/server-3',
    ]);
    const [shared, , remote] = addresses;
    expect([shared?.subscriberCount, shared?.remoteCount]).toEqual([1, 1]);
    expect([remote?.subscriberCount, remote?.remoteCount]).toEqual([0, 1]);
    expect(addressCounters(addresses)).toEqual({
      deliveriesIngress: 100,
      deliveriesEgress: 105,
      deliveriesTransit: 47,
    });
  });

  test('histograms tell local deliveries from those of other routers', () => {
    const counters = linkCounters(parseLinks(recorded.link), [0], exchange);
    expect(counters).toEqual({
      undelivered: 0,
      droppedPresettled: counters['droppedPresettled'],
      localDeliveries: 53,
      remoteDeliveries: 52,
    });
    const { localDeliveries = 0, remoteDeliveries = 0 } = counters;
    const [shared] = parseAddresses(recorded.address, exchange);
    expect(localDeliveries + remoteDeliveries).toBe(shared?.deliveriesEgress);
    expect(localShareOf([counters, {}])).toBeCloseTo(53 / 105);
    expect(linkCounters(parseLinks(recorded.link), null, exchange)).not.toHaveProperty(
      'localDeliveries',
    );
    expect(localShareOf([{}])).toBeNull();
  });

  test("what routers drop of their own hellos is no delivery of the run's", () => {
    const [link] = parseLinks(recorded.link);
    if (link === undefined) throw new Error('the recording has no link');
    const dropped = (linkType: string) =>
      linkCounters([{ ...link, linkType, droppedPresettledCount: 7 }], null, exchange);
    expect(dropped('router-control')).toMatchObject({ droppedPresettled: 0 });
    expect(dropped('inter-router')).toMatchObject({ droppedPresettled: 7 });
    expect(dropped('endpoint')).toMatchObject({ droppedPresettled: 7 });
  });

  test('totals are numbers, and only counts are taken since a baseline', () => {
    const totals = totalCounters(parseTotals(recorded.totals));
    expect(totals['total.acceptedDeliveries']).toBeGreaterThanOrEqual(305);
    expect(Object.values(totals).every(Number.isFinite)).toBe(true);
    const since = countedSince(totals, totals);
    expect(since['total.deliveriesIngress']).toBe(0);
    expect(since['total.memoryUsage']).toBe(totals['total.memoryUsage']);
  });

  test('an edge router is told by its uplink', () => {
    expect(edgeConnected(recorded.connection)).toBe(false);
    const uplink = { role: 'edge', dir: 'out', opened: true, operStatus: 'up' };
    expect(edgeConnected([...recorded.connection, uplink])).toBe(true);
    expect(edgeConnected([{ ...uplink, opened: false }])).toBe(false);
  });
});
