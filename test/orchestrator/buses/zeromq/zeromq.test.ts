import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../../../agents/drivers/driver.ts';
import { zeromqDriver } from '../../../../agents/drivers/zeromq/zeromq.ts';
import { flagProbe } from '../../../../agents/header.ts';
import type { Announcement, ServerPeer } from '../../../../agents/protocol.ts';
import type { AgentProcess, Bus } from '../../../../orchestrator/buses/bus.ts';
import { siteDistances } from '../../../../orchestrator/buses/zeromq/site-distances.ts';
import { zeromqBus } from '../../../../orchestrator/buses/zeromq/zeromq.ts';
import type { Fabric } from '../../../../orchestrator/fabrics/fabric.ts';
import { loopback } from '../../../../orchestrator/fabrics/loopback/loopback.ts';
import type { ResolvedScenario } from '../../../../topologies/scenario.ts';
import { eventually, request, TestClient, TestServer } from '../../../contract/driver-peers.ts';
import { busMistakes, ofType } from '../../../helpers/buses.ts';
import { endpointFor } from '../../../helpers/endpoint.ts';
import { minimal, mistakesOf, resolve } from '../../../helpers/scenarios.ts';

const signal = (): AbortSignal => AbortSignal.timeout(20_000);

const text = (bus: string, pattern: string): string => `schema: busbench/scenario/1
sites: [paris, lyon]
links: { default: { delay: 10ms } }
bus: { type: zeromq, ${bus} }
servers: { count: 2 }
clients: { count: 2, reconnect: { min: 20ms, max: 100ms } }
workload: { pattern: ${pattern} }
`;

/** Two sites on relays, a server and a client process each, played by this process. */
class Stage implements AsyncDisposable {
  readonly bus: Bus;
  readonly servers: readonly TestServer[];
  readonly clients: readonly TestClient[];
  readonly #close: () => Promise<void>;

  private constructor(
    bus: Bus,
    servers: readonly TestServer[],
    clients: readonly TestClient[],
    close: () => Promise<void>,
  ) {
    this.bus = bus;
    this.servers = servers;
    this.clients = clients;
    this.#close = close;
  }

  static async open(options: string, pattern: 'call' | 'fanout' | 'notify'): Promise<Stage> {
    const scenario = ofType('zeromq', await resolve(text(options, pattern)));
    const directory = await mkdtemp(join(tmpdir(), 'busbench-zeromq-'));
    const run = { runId: `zt${process.pid}`, scratch: directory, logs: directory };
    const fabric = await loopback.make(scenario, run, signal());
    const bus = await zeromqBus.deploy(scenario, fabric, run, signal());
    const processes = agentProcesses(fabric, pattern);
    const sessions = await Promise.all(processes.map((one) => connect(scenario, bus, one)));
    const close = async (): Promise<void> => {
      for (const session of sessions) await session[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
      await fabric[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    };
    const servers = await Promise.all(
      processes.slice(0, 2).map(async (process, i) => {
        const server = new TestServer(pattern === 'call');
        const peer = process.servers[0] as ServerPeer;
        server.receiver = (await sessions[i]?.openReceiver(peer, server, signal())) ?? null;
        return server;
      }),
    );
    const announced = new Map<number, readonly Announcement[]>();
    for (const [i, session] of sessions.entries()) announced.set(i, session.announcements());
    const directories = await bus.directory(processes, announced, signal());
    const clients = await Promise.all(
      processes.slice(2).map(async ({ clients: [peer], index }) => {
        const client = new TestClient(peer?.index ?? 0);
        const session = sessions[index];
        if (peer === undefined || session === undefined) throw new Error('no client here');
        const known = directories[index] ?? null;
        client.sender = await session.openSender(peer, known, client, signal());
        return client;
      }),
    );
    return new Stage(bus, servers, clients, close);
  }

  get served(): number[] {
    return this.servers.map(({ got }) => got.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function agentProcesses(fabric: Fabric, pattern: string): AgentProcess[] {
  const [paris, lyon] = fabric.hosts;
  if (paris === undefined || lyon === undefined) throw new Error('two sites have two hosts');
  const hosts = [paris, lyon];
  const servers = hosts.map((host, site) => ({
    name: `server.${host.site}`,
    index: site,
    host,
    clients: [],
    servers: [
      {
        index: site,
        name: `server.${host.site}/0`,
        site,
        topic: 0,
        subscriber: pattern === 'call' ? 0 : site,
      },
    ],
  }));
  const clients = hosts.map((host, site) => ({
    name: `client.${host.site}`,
    index: 2 + site,
    host,
    clients: [{ index: site, name: `client.${host.site}/0`, site, topic: 0, server: null }],
    servers: [],
  }));
  return [...servers, ...clients];
}

async function connect(
  scenario: ResolvedScenario,
  bus: Bus,
  process: AgentProcess,
): Promise<Session> {
  const endpoint = endpointFor('zeromq', await bus.endpoint(process));
  const { guarantee, seed, workload, clients } = scenario;
  const { connections, failover, reconnect } = clients;
  const options = { guarantee, seed, connections, failover, reconnect, endpoint };
  const { pattern } = workload;
  return zeromqDriver.connect(
    { ...options, run: 'test', process: process.name, pattern },
    signal(),
  );
}

describe('zeromq bus', { timeout: 60_000 }, () => {
  test('direct: round-robin crosses sites, and a far call takes the round trip', async () => {
    await using stage = await Stage.open('choice: round-robin', 'call');
    const [client] = stage.clients;
    expect(client?.sender?.routes).toBe(2);
    const start = performance.now();
    await client?.sendAll(10);
    await eventually(() => client?.replies.length === 10);
    expect(performance.now() - start).toBeGreaterThan(20);
    expect(stage.served).toEqual([5, 5]);
    expect(stage.bus.nodes).toEqual([]);
  });

  test('direct: closest stays at the site, by the measured matrix', async () => {
    await using stage = await Stage.open('choice: closest', 'call');
    for (const client of stage.clients) await client.sendAll(10);
    await eventually(() => stage.clients.every(({ replies }) => replies.length === 10));
    for (const [site, server] of stage.servers.entries()) {
      expect(server.got.map(({ client }) => client)).toEqual(Array(10).fill(site));
    }
  });

  test('proxy: calls, choice and copies go through the proxy of the site', async () => {
    for (const [choice, expected] of [
      ['round-robin', [10, 10]],
      ['closest', [10, 10]],
    ] as const) {
      await using stage = await Stage.open(`mode: proxy, choice: ${choice}`, 'call');
      const [paris] = stage.clients;
      expect(stage.bus.nodes.map(({ name, site }) => [name, site])).toEqual([
        ['bus-1', 'paris'],
        ['bus-2', 'lyon'],
      ]);
      expect(paris?.sender?.routes).toBe(2);
      for (const client of stage.clients) await client.sendAll(10);
      await eventually(() => stage.clients.every(({ replies }) => replies.length === 10));
      expect(stage.served).toEqual(expected);
      const own = stage.servers[0]?.got.filter(({ client }) => client === 0).length;
      expect(own).toBe(choice === 'closest' ? 10 : 5);
      const counters = await stage.bus.counters(signal());
      const counts = { requests: 10, copies: 10, replies: 10, dropped: 0 };
      expect(Object.fromEntries(counters)).toEqual({ 'bus-1': counts, 'bus-2': counts });
    }
    await using stage = await Stage.open('mode: proxy', 'fanout');
    await stage.clients[0]?.sendAll(10);
    await eventually(() => stage.served.every((count) => count === 10));
    expect(stage.served).toEqual([10, 10]);
  });

  test('probes on all paths prove all servers, direct and by proxy', async () => {
    for (const mode of ['direct', 'proxy']) {
      for (const [pattern, paths] of [
        ['call', 2],
        ['notify', 1],
      ] as const) {
        await using stage = await Stage.open(`mode: ${mode}`, pattern);
        const { sender } = stage.clients[0] ?? {};
        expect([mode, pattern, sender?.routes]).toEqual([mode, pattern, paths]);
        for (let path = 0; path < paths; path++) {
          expect(sender?.probe(request(0, path, 64, flagProbe), path)).toBe(true);
        }
        await eventually(() => stage.served.every((count) => count === 1));
        expect(stage.served).toEqual([1, 1]);
      }
    }
  });

  test('proxy: one that is killed is missed, and found again at the same port', async () => {
    await using stage = await Stage.open('mode: proxy, nodes: [paris]', 'call');
    const [paris, lyon] = stage.clients;
    const [node] = stage.bus.nodes;
    await paris?.sendAll(4);
    await lyon?.sendAll(4);
    await eventually(() => stage.clients.every(({ replies }) => replies.length === 4));
    await node?.kill();
    await eventually(() => stage.clients.every(({ states }) => states.length === 1));
    expect(stage.clients.map(({ states }) => states)).toEqual([['lost'], ['lost']]);
    expect(paris?.send(4)).toBe(false);
    await node?.start(signal());
    await eventually(() => stage.clients.every(({ states }) => states.length === 2));
    for (const client of stage.clients) await client.sendAll(4, 256, 4);
    await eventually(() => stage.clients.every(({ replies }) => replies.length === 8));
    expect(stage.clients.map(({ replies }) => replies.length)).toEqual([8, 8]);
    expect((await stage.bus.counters(signal())).get('bus-1')?.['dropped']).toBe(0);
  });
});

describe('zeromq options', () => {
  test('what zeromq cannot do is refused, all at once', async () => {
    const mistakes = await mistakesOf(
      `${minimal}guarantee: at-least-once\nclients: { count: 30, failover: true }\n`,
      'bus.mode=proxy',
    );
    expect(mistakes.map(({ path, message }) => [path, message])).toEqual([
      ['guarantee', 'zeromq has no acknowledgements: expected at-most-once'],
      ['clients.failover', 'clients of a zeromq proxy know only that one: expected false'],
    ]);
  });

  test('every mistake in the options is named', () => {
    const raw = { mode: 'indirect', hwm: 0, nodes: ['paris'], chioce: 'random' };
    expect(busMistakes('zeromq', raw, ['paris'])).toEqual([
      {
        path: 'mode',
        message: 'expected one of direct, proxy; got "indirect"; did you mean "direct"?',
      },
      { path: 'hwm', message: 'expected at least 1; got 0' },
      { path: 'chioce', message: 'unknown key "chioce"; did you mean "choice"?' },
    ]);
    expect(busMistakes('zeromq', { nodes: ['paris'] }, ['paris'])).toEqual([
      { path: 'nodes', message: 'mode direct has no nodes: leave them out, or set mode: proxy' },
    ]);
  });

  test('more connections than files are refused with the numbers', async () => {
    const mistakes = await mistakesOf(
      `${minimal}servers: { count: 300 }\nclients: { count: 100000 }\n`,
    );
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.path).toBe('clients.connections');
    expect(mistakes[0]?.message).toMatch(/client\..* would open \d+ connections .* shared/);
    const shared = await mistakesOf(
      `${minimal}servers: { count: 300 }\nclients: { count: 100000, connections: shared }\n`,
    );
    expect(shared).toEqual([]);
  });

  test('sites as close as each other share a distance', () => {
    const sample = (to: string, rttP50Ms: number) => {
      const rtt = { rttMinMs: rttP50Ms, rttP50Ms, rttP99Ms: rttP50Ms };
      return { from: 'a', to, ...rtt, probes: 20, lostProbes: null };
    };
    const samples = [sample('b', 20), sample('c', 20.9), sample('d', 25), sample('e', 0.5)];
    const distances = siteDistances('a', ['d', 'c', 'b', 'a', 'e', 'unknown'], samples);
    expect(Object.fromEntries(distances)).toEqual({ a: 0, e: 0, b: 1, c: 1, d: 2, unknown: 3 });
  });
});
