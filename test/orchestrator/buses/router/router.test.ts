import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { DriverOptions, Session } from '../../../../agents/drivers/driver.ts';
import { rheaDriver } from '../../../../agents/drivers/rhea/rhea.ts';
import type { ClientPeer, ServerPeer } from '../../../../agents/protocol.ts';
import type { AgentProcess } from '../../../../orchestrator/buses/bus.ts';
import { eventually, TestClient, TestServer } from '../../../contract/driver-peers.ts';
import { endpointFor } from '../../../helpers/endpoint.ts';
import {
  type DeployedRouters,
  deployRouter,
  routerMissing,
  routerPrograms,
  routerScenario,
} from '../../../helpers/routers.ts';

const patience = (): AbortSignal => AbortSignal.timeout(60_000);

for (const program of routerPrograms) {
  const missing = routerMissing[program];
  if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

  describe.skipIf(missing !== null)(`a mesh of ${program}`, () => {
    test('closest keeps calls at their site, and the routers say so too', async () => {
      await using mesh = await Mesh.open(`program: ${program}, distribution: closest`);
      expect(mesh.bus.details['convergedMs']).toBeGreaterThan(0);
      expect(mesh.bus.readyMs).toBeGreaterThan(mesh.bus.details['convergedMs'] ?? 0);
      const servers = await mesh.serve([0, 1, 2]);
      const clients = await mesh.dial([0, 1, 2]);
      for (const client of clients) await client.sendAll(50);
      await eventually(() => clients.every(({ replies }) => replies.length === 50));
      expect(servers.map(({ got }) => got.map(({ client }) => client))).toEqual(
        [0, 1, 2].map((site) => Array.from({ length: 50 }, () => site)),
      );
      const counters = [...(await mesh.bus.counters(patience())).values()];
      expect(counters.map((node) => node['localDeliveries'])).toEqual([50, 50, 50]);
      expect(counters.map((node) => node['deliveriesIngress'])).toEqual([50, 50, 50]);
      expect(counters.map((node) => node['deliveriesTransit'])).toEqual([0, 0, 0]);
      expect(mesh.bus.details['routerLocalShare']).toBe(1);
      expect(mesh.bus.details['addressPropagationMs']).toBeGreaterThan(0);
    });

    test('balanced spreads unsettled calls that take their time', async () => {
      await using mesh = await Mesh.open(`program: ${program}, distribution: balanced`);
      const servers = await mesh.serve([0, 1, 2], 20);
      const [client] = await mesh.dial([0]);
      await client?.sendAll(300);
      await eventually(() => client?.replies.length === 300);
      const shares = servers.map(({ got }) => got.length);
      expect(shares.reduce((sum, share) => sum + share)).toBe(300);
      expect(Math.min(...shares)).toBeGreaterThan(30);
      await mesh.bus.counters(patience());
      const ours = (servers[0]?.got.length ?? 0) / 300;
      expect(mesh.bus.details['routerLocalShare']).toBeCloseTo(ours, 5);
    });

    // qdrouterd 1.19 forwards multicast along every link but the ones a message came over, so that a cycle brings
    // copies: exact where the graph has none. skrouterd honours the valid origins of its routing table.
    const exact = program === 'qdrouterd' ? ['line', 'star'] : ['line', 'complete'];
    test.each(exact)('multicast over a %s is exact: n servers, k sends', async (graph) => {
      await using mesh = await Mesh.open(`program: ${program}, graph: ${graph}`, 'fanout');
      const servers = await mesh.serve([0, 0, 1, 2, 2]);
      const clients = await mesh.dial([0, 1, 2]);
      for (const client of clients) await client.sendAll(100);
      await eventually(() => servers.every(({ got }) => got.length >= 300));
      await eventually(() => clients.every(({ accepts }) => accepts.length >= 100));
      await sleep(200);
      expect(servers.map(({ got }) => got.length)).toEqual([300, 300, 300, 300, 300]);
      const distinct = servers.map(({ got }) => new Set(got.map((m) => JSON.stringify(m))).size);
      expect(distinct).toEqual([300, 300, 300, 300, 300]);
      expect(clients.map(({ accepts, refusals }) => [accepts.length, refusals])).toEqual(
        clients.map(() => [100, []]),
      );
    });

    test('a cut link moves traffic to the other path; with none left calls fail, classified', async () => {
      await using mesh = await Mesh.open(`program: ${program}`);
      await mesh.serve([0]);
      const [client] = await mesh.dial([2]);
      await client?.sendAll(20);
      await eventually(() => client?.replies.length === 20);
      await mesh.cut('paris', 'nice');
      expect(await client?.answeredAgain(30_000)).toBe(true);
      await mesh.cut('lyon', 'nice');
      // Unsettled calls come back, or there is no credit to send them: never silence with everything sent.
      expect(await client?.stuck(30_000)).toMatch(/^(no credit|released|modified|rejected)$/);
      await mesh.heal('lyon', 'nice');
      await mesh.heal('paris', 'nice');
      expect(await client?.answeredAgain(30_000)).toBe(true);
    }, 120_000);

    test('a killed router: its clients lose what was unsettled and come back with it', async () => {
      await using mesh = await Mesh.open(`program: ${program}`);
      await mesh.serve([0]);
      const [client, bystander] = await mesh.dial([2, 1]);
      await client?.sendAll(20);
      await eventually(() => client?.replies.length === 20);
      const node = mesh.bus.nodes[2];
      await node?.kill();
      await eventually(() => client?.states[0] === 'lost');
      expect(client?.states).toEqual(['lost']);
      expect(client?.send(100)).toBe(false);
      expect(await bystander?.answeredAgain(10_000)).toBe(true);
      expect(bystander?.states).toEqual([]);
      await node?.start(patience());
      await eventually(() => client?.states[1] === 'back');
      expect(client?.states).toEqual(['lost', 'back']);
      expect(await client?.answeredAgain(10_000)).toBe(true);
    }, 120_000);

    test('edge routers reach servers at the hub and at each other', async () => {
      await using mesh = await Mesh.open(`program: ${program}, graph: hub-and-spoke`);
      const servers = await mesh.serve([1], 0);
      const [near, far] = await mesh.dial([1, 2]);
      await near?.sendAll(20);
      await far?.sendAll(20);
      await eventually(() => near?.replies.length === 20 && far?.replies.length === 20);
      expect(servers[0]?.got).toHaveLength(40);
      const counters = await mesh.bus.counters(patience());
      expect(counters.get('bus-1')).not.toHaveProperty('localDeliveries');
    });
  });
}

/** A client that can tell whether calls get through at this moment. */
class Caller extends TestClient {
  #next = 1000;

  /** True as soon as one call, sent every 100 ms, is answered. */
  async answeredAgain(ms: number): Promise<boolean> {
    const before = this.replies.length;
    const end = performance.now() + ms;
    while (performance.now() < end) {
      this.send(this.#next++);
      await sleep(100);
      if (this.replies.length > before) return true;
    }
    return false;
  }

  /** How a call fails: its outcome, or `no credit`; empty when calls neither fail nor are refused. */
  async stuck(ms: number): Promise<string> {
    const before = this.refusals.length;
    const end = performance.now() + ms;
    while (performance.now() < end) {
      if (!this.send(this.#next++)) return 'no credit';
      await sleep(100);
      const [refusal] = this.refusals.slice(before);
      if (refusal !== undefined) return refusal.outcome;
    }
    return '';
  }
}

/** A server that settles and answers after `holdMs`. */
class SlowServer extends TestServer {
  readonly #holdMs: number;

  constructor(replies: boolean, holdMs: number) {
    super(replies);
    this.#holdMs = holdMs;
  }

  override message(body: Buffer, redelivered: boolean, context: unknown): void {
    if (this.#holdMs === 0) super.message(body, redelivered, context);
    else setTimeout(() => super.message(body, redelivered, context), this.#holdMs);
  }
}

/** Three routers at three sites with 2 to 5 ms between them, and agents' sessions on them, at least once. */
class Mesh implements AsyncDisposable {
  readonly #deployed: DeployedRouters;
  readonly #pattern: DriverOptions['pattern'];
  readonly #sessions: Session[] = [];
  readonly #processes: AgentProcess[] = [];

  private constructor(deployed: DeployedRouters) {
    this.#deployed = deployed;
    this.#pattern = deployed.scenario.workload.pattern;
  }

  static async open(bus: string, pattern: DriverOptions['pattern'] = 'call'): Promise<Mesh> {
    const links = `
links:
  constraints:
    - { src: paris, dst: lyon, delay: 2ms }
    - { src: lyon, dst: nice, delay: 3ms }
    - { src: paris, dst: nice, delay: 5ms }
`;
    const yaml = routerScenario('paris, lyon, nice', bus, links);
    const scenario = yaml.replace('pattern: call', `pattern: ${pattern}`);
    return new Mesh(await deployRouter(scenario, patience()));
  }

  get bus(): DeployedRouters['bus'] {
    return this.#deployed.bus;
  }

  /** One server at each of these sites (by index), and the address known everywhere. */
  async serve(sites: readonly number[], holdMs = 0): Promise<readonly TestServer[]> {
    const servers: TestServer[] = [];
    for (const [index, site] of sites.entries()) {
      const peer: ServerPeer = { index, name: `s/${index}`, site, topic: 0, subscriber: index };
      const session = await this.#connect(site, { clients: [], servers: [peer] });
      const server = new SlowServer(this.#pattern === 'call', holdMs);
      server.receiver = await session.openReceiver(peer, server, patience());
      servers.push(server);
    }
    return servers;
  }

  /** One client at each of these sites (by index). */
  async dial(sites: readonly number[]): Promise<readonly Caller[]> {
    const sessions: (readonly [ClientPeer, Session])[] = [];
    for (const [index, site] of sites.entries()) {
      const peer: ClientPeer = { index, name: `c/${index}`, site, topic: 0, server: null };
      sessions.push([peer, await this.#connect(site, { clients: [peer], servers: [] })]);
    }
    await this.bus.directory(this.#processes, new Map(), patience());
    const clients: Caller[] = [];
    for (const [peer, session] of sessions) {
      const client = new Caller(peer.index);
      client.sender = await session.openSender(peer, null, client, patience());
      clients.push(client);
    }
    return clients;
  }

  async cut(a: string, b: string): Promise<void> {
    const { fabric } = this.#deployed;
    await Promise.all([fabric.cut(a, b), fabric.cut(b, a)]);
  }

  async heal(a: string, b: string): Promise<void> {
    const { fabric } = this.#deployed;
    await Promise.all([fabric.heal(a, b), fabric.heal(b, a)]);
  }

  async #connect(site: number, peers: Pick<AgentProcess, 'clients' | 'servers'>): Promise<Session> {
    const host = this.#deployed.fabric.hosts[site];
    if (host === undefined) throw new Error(`no host at site ${site}`);
    const index = this.#processes.length;
    const process = { name: `process-${index}`, index, host, ...peers };
    const endpoint = endpointFor('rhea', await this.bus.endpoint(process));
    const session = await rheaDriver.connect(
      {
        run: 'test',
        process: process.name,
        pattern: this.#pattern,
        guarantee: 'at-least-once',
        connections: 'own',
        failover: false,
        reconnect: { minMs: 50, maxMs: 500 },
        seed: 1,
        endpoint,
      },
      patience(),
    );
    this.#processes.push(process);
    this.#sessions.push(session);
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session[Symbol.asyncDispose]();
    await this.#deployed[Symbol.asyncDispose]();
  }
}
