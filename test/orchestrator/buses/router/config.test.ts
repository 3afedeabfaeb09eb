import { describe, expect, test } from 'vitest';
import { routerBus } from '../../../../orchestrator/buses/router/router.ts';
import { parseScenario } from '../../../../orchestrator/read/scenario.ts';
import { ofType } from '../../../helpers/buses.ts';
import { routerScenario } from '../../../helpers/routers.ts';

/** What `busbench plan` prints of the routers of this layout. */
async function plan(sites: string, bus: string, links = ''): Promise<readonly string[]> {
  const { scenario } = await parseScenario(routerScenario(sites, bus, links), 'test.yaml', []);
  return routerBus.describe(ofType('router', scenario));
}

/** The sections of such lines, each on one line and complete. */
function compact(lines: readonly string[]): string {
  return lines.join('\n').replaceAll(/ \{\n((?: .*\n)*)\}/g, (_, attributes: string) => {
    return `: ${attributes.trim().split(/\n */).join(', ')}`;
  });
}

/** Who accepts and dials whom, a router a line; what all routers have is left out. */
async function layout(sites: string, bus: string, links = ''): Promise<string> {
  return compact(await plan(sites, bus, links))
    .replaceAll(/\n(router|address|log|listener: name: normal).*/g, '')
    .replaceAll(/\nlistener: .*role: ([^,]+).*/g, ' accepts $1;')
    .replaceAll(
      /\nconnector: name: to-([^,]+).*role: ([^,]+(?:, cost: \d+)?).*/g,
      ' dials $1 ($2);',
    );
}

describe('generated configuration', () => {
  test('one router alone, in full', async () => {
    expect((await plan('paris', 'distribution: closest')).join('\n')).toMatchInlineSnapshot(`
      "bus-1 at paris, standalone:
      router {
          mode: standalone
          id: bus-1
          workerThreads: 4
      }
      listener {
          name: normal
          host: <paris>
          port: <free>
          role: normal
          saslMechanisms: ANONYMOUS
          authenticatePeer: no
          linkCapacity: 250
      }
      address {
          prefix: openstack.org/om/rpc/multicast
          distribution: multicast
      }
      address {
          prefix: openstack.org/om/rpc/unicast
          distribution: closest
      }
      address {
          prefix: openstack.org/om/rpc/anycast
          distribution: closest
      }
      address {
          prefix: openstack.org/om/notify/multicast
          distribution: multicast
      }
      address {
          prefix: openstack.org/om/notify/unicast
          distribution: closest
      }
      address {
          prefix: openstack.org/om/notify/anycast
          distribution: closest
      }
      log {
          module: DEFAULT
          enable: info+
      }"
    `);
  });

  test('a router that accepts and one that dials, in full', async () => {
    const bus = 'workers: 2, cost: 3, prefix: my/bus, linkCapacity: 1000';
    expect(compact(await plan('paris, lyon', bus))).toMatchInlineSnapshot(`
      "bus-1 at paris, interior:
      router: mode: interior, id: bus-1, workerThreads: 2
      listener: name: normal, host: <paris>, port: <free>, role: normal, saslMechanisms: ANONYMOUS, authenticatePeer: no, linkCapacity: 1000
      listener: name: inter-router, host: <paris>, port: <free>, role: inter-router, saslMechanisms: ANONYMOUS, authenticatePeer: no
      address: prefix: my/bus/rpc/multicast, distribution: multicast
      address: prefix: my/bus/rpc/unicast, distribution: closest
      address: prefix: my/bus/rpc/anycast, distribution: balanced
      address: prefix: my/bus/notify/multicast, distribution: multicast
      address: prefix: my/bus/notify/unicast, distribution: closest
      address: prefix: my/bus/notify/anycast, distribution: balanced
      log: module: DEFAULT, enable: info+
      bus-2 at lyon, interior:
      router: mode: interior, id: bus-2, workerThreads: 2
      listener: name: normal, host: <lyon>, port: <free>, role: normal, saslMechanisms: ANONYMOUS, authenticatePeer: no, linkCapacity: 1000
      connector: name: to-bus-1, host: <paris seen from lyon>, port: <free>, role: inter-router, cost: 3, saslMechanisms: ANONYMOUS
      address: prefix: my/bus/rpc/multicast, distribution: multicast
      address: prefix: my/bus/rpc/unicast, distribution: closest
      address: prefix: my/bus/rpc/anycast, distribution: balanced
      address: prefix: my/bus/notify/multicast, distribution: multicast
      address: prefix: my/bus/notify/unicast, distribution: closest
      address: prefix: my/bus/notify/anycast, distribution: balanced
      log: module: DEFAULT, enable: info+"
    `);
  });

  test('complete', async () => {
    expect(await layout('a, b, c', 'graph: complete')).toMatchInlineSnapshot(`
      "bus-1 at a, interior: accepts inter-router;
      bus-2 at b, interior: accepts inter-router; dials bus-1 (inter-router, cost: 1);
      bus-3 at c, interior: dials bus-1 (inter-router, cost: 1); dials bus-2 (inter-router, cost: 1);"
    `);
  });

  test('ring', async () => {
    expect(await layout('a, b, c, d', 'graph: ring')).toMatchInlineSnapshot(`
      "bus-1 at a, interior: accepts inter-router;
      bus-2 at b, interior: accepts inter-router; dials bus-1 (inter-router, cost: 1);
      bus-3 at c, interior: accepts inter-router; dials bus-2 (inter-router, cost: 1);
      bus-4 at d, interior: dials bus-3 (inter-router, cost: 1); dials bus-1 (inter-router, cost: 1);"
    `);
  });

  test('star', async () => {
    expect(await layout('a, b, c', 'graph: star')).toMatchInlineSnapshot(`
      "bus-1 at a, interior: accepts inter-router;
      bus-2 at b, interior: dials bus-1 (inter-router, cost: 1);
      bus-3 at c, interior: dials bus-1 (inter-router, cost: 1);"
    `);
  });

  test('line', async () => {
    expect(await layout('a, b, c', 'graph: line')).toMatchInlineSnapshot(`
      "bus-1 at a, interior: accepts inter-router;
      bus-2 at b, interior: accepts inter-router; dials bus-1 (inter-router, cost: 1);
      bus-3 at c, interior: dials bus-2 (inter-router, cost: 1);"
    `);
  });

  test('tree', async () => {
    expect(await layout('a, b, c, d', 'graph: tree')).toMatchInlineSnapshot(`
      "bus-1 at a, interior: accepts inter-router;
      bus-2 at b, interior: accepts inter-router; dials bus-1 (inter-router, cost: 1);
      bus-3 at c, interior: dials bus-1 (inter-router, cost: 1);
      bus-4 at d, interior: dials bus-2 (inter-router, cost: 1);"
    `);
  });

  test('hub-and-spoke: two hubs, three edge routers', async () => {
    const bus = 'graph: hub-and-spoke, hubs: 2';
    expect(await layout('a, b, c, d, e', bus)).toMatchInlineSnapshot(`
      "bus-1 at a, interior: accepts inter-router; accepts edge;
      bus-2 at b, interior: accepts edge; dials bus-1 (inter-router, cost: 1);
      bus-3 at c, edge: dials bus-1 (edge);
      bus-4 at d, edge: dials bus-2 (edge);
      bus-5 at e, edge: dials bus-1 (edge);"
    `);
  });

  test('edges by hand, and costs that follow the delay', async () => {
    const links = 'links: { constraints: [{ src: a, dst: b, delay: 12ms }] }';
    const edges = 'edges: [{ from: bus-3, to: bus-1, cost: 5 }, { from: bus-1, to: bus-2 }]';
    expect(await layout('a, b, c', `${edges}, cost: delay`, links)).toMatchInlineSnapshot(`
      "bus-1 at a, interior: accepts inter-router;
      bus-2 at b, interior: dials bus-1 (inter-router, cost: 12);
      bus-3 at c, interior: dials bus-1 (inter-router, cost: 5);"
    `);
  });
});
