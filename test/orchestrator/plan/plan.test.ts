import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePacer } from '../../../agents/pacers/registry.ts';
import { budgetOf } from '../../../orchestrator/plan/budget.ts';
import { describePlan, planText } from '../../../orchestrator/plan/describe.ts';
import { makePlan, type Plan } from '../../../orchestrator/plan/plan.ts';
import { minimal, resolve } from '../../helpers/scenarios.ts';

async function planOf(...sets: string[]): Promise<Plan> {
  return makePlan(await resolve(minimal, ...sets));
}

describe('makePlan', () => {
  it('gives every site one process a role, servers first', async () => {
    const plan = await planOf('clients.count=7', 'servers.placement={ paris: 1, nice: 2 }');
    expect(plan.processes.map(({ index, name, site, role }) => [index, name, site, role])).toEqual([
      [0, 'server.paris', 'paris', 'server'],
      [1, 'server.nice', 'nice', 'server'],
      [2, 'client.paris', 'paris', 'client'],
      [3, 'client.lyon', 'lyon', 'client'],
      [4, 'client.nice', 'nice', 'client'],
    ]);
    expect(plan.processes[3]?.clients.map((client) => client.name)).toEqual([
      'client.lyon/1',
      'client.lyon/2',
    ]);
  });

  it('splits the peers of a site and role evenly over processes, and nothing else changes', async () => {
    const load = ['clients.count=50', 'servers.count=9', 'workload.topics=3'];
    const whole = await planOf(...load);
    for (const processes of [1, 2, 4]) {
      const plan = await planOf(...load, `agents.processes=${processes}`);
      for (const role of ['clients', 'servers'] as const) {
        const bare = (peers: Plan[typeof role]) => peers.map(({ name: _, ...peer }) => peer);
        expect(bare(plan[role])).toEqual(bare(whole[role]));
        for (const site of ['paris', 'lyon', 'nice']) {
          const here = plan.processes.filter((p) => p.site === site && p[role].length > 0);
          const sizes = here.map((process) => process[role].length);
          expect(here).toHaveLength(Math.min(processes, role === 'servers' ? 3 : 16));
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }
    }
    const two = await planOf(...load, 'agents.processes=2');
    expect(two.processes.map(({ name }) => name)).toContain('client.paris.2');
    expect(two.clients[0]?.name).toBe('client.paris/1');
    expect(two.clients[9]?.name).toBe('client.paris.2/2');
  });

  it('has the same operations due at the same clients however many processes share them', async () => {
    const due = async (arrivals: string, processes: number): Promise<string[]> => {
      const plan = await planOf(
        'clients.count=50',
        `workload.pace={ rate: 500/s, arrivals: ${arrivals} }`,
        `agents.processes=${processes}`,
      );
      const operations = plan.processes.flatMap(({ clients }) => {
        const pacer = makePacer(plan.scenario.workload.pace, {
          clients: clients.map(({ index }) => index),
          totalClients: plan.clients.length,
          seed: plan.scenario.seed,
          callsPerClient: null,
          startUs: 0,
          measureUs: 0,
          measureEndUs: 1e6,
        });
        const own: string[] = [];
        while (pacer.peekUs() < 1e6) {
          const atUs = pacer.peekUs();
          own.push(`${atUs} ${clients[pacer.take()]?.index}`);
        }
        return own;
      });
      return operations.sort();
    };
    for (const arrivals of ['constant', 'poisson']) {
      const one = await due(arrivals, 1);
      expect(one.length).toBeGreaterThan(400);
      expect(await due(arrivals, 2)).toEqual(one);
      expect(await due(arrivals, 4)).toEqual(one);
    }
  });

  it('takes a process for every 2 500 peers by itself, eight at most, and no empty ones', async () => {
    const of = async (clients: number): Promise<number> => {
      const shared = ['clients.connections=shared', 'agents.processes=auto'];
      const plan = await planOf(`clients.count=${clients}`, ...shared);
      return plan.processes.filter(({ role, site }) => role === 'client' && site === 'paris')
        .length;
    };
    expect([await of(3), await of(7_500), await of(7_503), await of(90_000)]).toEqual([1, 1, 2, 8]);
  });

  it('follows the spreading rule for clients and servers', async () => {
    const plan = await planOf('workload.topics=4', 'servers.count=8', 'clients.count=24');
    for (const peers of [plan.clients, plan.servers]) {
      for (const [j, peer] of peers.entries()) {
        expect(peer.index).toBe(j);
        expect(peer.topic).toBe(j % 4);
        expect(peer.site).toBe((peer.topic + Math.floor(j / 4)) % 3);
      }
    }
  });

  it('puts every peer into exactly one process, at its site, under a name of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 5, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (clients, servers, topics) => {
          const plan = await planOf(
            `clients.count=${clients}`,
            `servers.count=${servers}`,
            `workload.topics=${topics}`,
          );
          const seated = plan.processes.flatMap((process) => [
            ...process.clients,
            ...process.servers,
          ]);
          expect(new Set(seated.map((peer) => peer.name)).size).toBe(clients + servers);
          const sites = plan.scenario.sites.map((site) => site.name);
          for (const process of plan.processes) {
            for (const peer of [...process.clients, ...process.servers]) {
              expect(sites[peer.site]).toBe(process.site);
              expect(peer.name.startsWith(`${process.name}/`)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('has one receiver for call and cast, every server of the topic for fanout', async () => {
    const call = await planOf('workload.topics=2', 'servers.count=5');
    expect(call.receivers).toEqual([1, 1]);
    expect(call.servers.every((server) => server.subscriber === 0)).toBe(true);
    const fanout = await planOf('workload={ pattern: fanout, topics: 2 }', 'servers.count=5');
    expect(fanout.receivers).toEqual([3, 2]);
    expect(fanout.servers.map((server) => server.subscriber)).toEqual([0, 1, 2, 3, 4]);
  });

  it('deals the servers of a topic over its pools', async () => {
    const plan = await planOf(
      'workload={ pattern: notify, topics: 2, pools: 2 }',
      'servers.count=8',
    );
    expect(plan.receivers).toEqual([2, 2]);
    expect(plan.servers.map(({ topic, subscriber }) => [topic, subscriber])).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
  });

  it('names one server of its topic for each client of target one, dealt evenly', async () => {
    const plan = await planOf(
      'workload={ target: one, topics: 3 }',
      'servers.count=8',
      'clients.count=48',
    );
    const load = new Map<number, number>();
    for (const client of plan.clients) {
      const server = plan.servers[client.server ?? -1];
      expect(server?.topic).toBe(client.topic);
      load.set(client.server ?? -1, (load.get(client.server ?? -1) ?? 0) + 1);
    }
    // Topics 0 and 1 have three servers for sixteen clients, topic 2 has two.
    expect([...load.values()].sort((a, b) => a - b)).toEqual([5, 5, 5, 5, 6, 6, 8, 8]);
    expect((await planOf()).clients.every((client) => client.server === null)).toBe(true);
  });

  it('does not give every client of target one a server at its own site', async () => {
    const plan = await planOf('workload={ target: one }', 'servers.count=6', 'clients.count=54');
    const local = plan.clients.filter(
      ({ server, site }) => plan.servers[server ?? -1]?.site === site,
    );
    expect(local).toHaveLength(54 / plan.scenario.sites.length);
  });

  it('puts all peers of the memory bus into one process', async () => {
    const plan = await planOf('bus.type=memory');
    expect(plan.processes).toHaveLength(1);
    expect(plan.processes[0]).toMatchObject({ name: 'memory', role: 'both', site: 'paris' });
    expect(plan.processes[0]?.clients).toHaveLength(30);
    expect(plan.processes[0]?.servers).toHaveLength(3);
  });
});

describe('the budget', () => {
  it('counts the operations of a ramp as the area under it', async () => {
    const scenario = await resolve(
      minimal,
      'workload.pace={ rate: 100/s, arrivals: { ramp: [{ to: 300/s, over: 4s }] } }',
    );
    // Four seconds at 200/s on average, six at 300/s.
    expect(budgetOf(scenario)).toMatchObject({
      operations: 2600,
      messages: 5200,
      offeredPerSecond: 260,
    });
  });

  it('counts every copy of a fanout', async () => {
    const scenario = await resolve(
      minimal,
      'workload={ pattern: fanout, pace: { rate: 10/s } }',
      'servers.count=60',
    );
    const budget = budgetOf(scenario);
    expect(budget).toMatchObject({ operations: 100, messages: 6000 });
    expect(budget.ledgerBitsPerOperation).toBe(122);
    expect(budget.ledgerBytes).toBe(Math.ceil((100 * 122) / 8));
  });

  it('knows the operations of a count, not those of a closed loop', async () => {
    const counted = await resolve(minimal, 'phases.measure={ calls: 20 }', 'clients.count=5');
    expect(budgetOf(counted).operations).toBe(100);
    const closed = await resolve(minimal, 'workload.pace={ inFlight: 1 }');
    expect(budgetOf(closed)).toMatchObject({ operations: null, ledgerBytes: null });
  });
});

describe('describePlan', () => {
  it('says where everything is and how far apart', async () => {
    const scenario = await resolve(
      minimal,
      'links.default.delay=10ms',
      'links.constraints[0]={ src: paris, dst: lyon, delay: 40ms, symmetric: false }',
    );
    const description = await describePlan(makePlan(scenario));
    expect(description.sites.map(({ site }) => site)).toEqual(['paris', 'lyon', 'nice']);
    expect(new Set(description.sites.map(({ address }) => address)).size).toBe(3);
    expect(description.rttMs).toEqual([
      [0, 50, 20],
      [50, 0, 20],
      [20, 20, 0],
    ]);
    expect(description.agents).toHaveLength(6);
    expect(description.needsRoot).toEqual([]);
    const text = planText(description);
    for (const part of ['client.nice', '10 clients', 'zeromq', 'ledger', 'Needs root: no', '50']) {
      expect(text).toContain(part);
    }
    expect(text.endsWith('\n')).toBe(true);
    expect(text).not.toMatch(/ \n/);
  });
});
