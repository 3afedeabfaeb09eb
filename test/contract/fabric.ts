import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Fabric, FabricMaker } from '../../orchestrator/fabrics/fabric.ts';
import type { Host } from '../../orchestrator/hosts/host.ts';
import type { Link, LinkShape, Topology } from '../../topologies/topology.ts';
import { startPeer, type TcpPeer } from '../helpers/tcp-peer.ts';
import { defined, eventually } from './host.ts';

export interface FabricContractOptions {
  /** Whether traffic is counted in payload bytes; else headers and resent packets come on top. */
  readonly exactTraffic: boolean;
}

const perfect: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };
const never = new AbortController().signal;

/** Complete graph over `sites`; `shapes` by `from>to`, anything else is perfect. */
export function topologyOf(
  sites: readonly string[],
  shapes: Readonly<Record<string, Partial<LinkShape>>> = {},
): Topology {
  const links = sites.flatMap((from) =>
    sites.flatMap((to): Link[] =>
      from === to ? [] : [{ from, to, ...perfect, ...shapes[`${from}>${to}`] }],
    ),
  );
  return { sites: sites.map((name) => ({ name, hosts: [] })), links };
}

/** A fabric of its own for one test, gone at the test's end together with its scratch directory. */
export async function makeFabric(
  maker: FabricMaker,
  topology: Topology,
): Promise<{ readonly fabric: Fabric; readonly base: string }> {
  const base = await mkdtemp(join(tmpdir(), 'busbench-fabric-'));
  const context = {
    runId: `t${process.pid}`,
    scratch: join(base, 'scratch'),
    logs: join(base, 'logs'),
  };
  const fabric = await maker.make(topology, context, never);
  return { fabric, base };
}

/** What every Fabric promises. */
export function fabricContract(maker: FabricMaker, options: FabricContractOptions): void {
  describe(`fabric contract: ${maker.name}`, () => {
    const topology = topologyOf(['paris', 'lyon', 'nice'], {
      'paris>lyon': { delayMs: 20 },
      'lyon>paris': { delayMs: 40 },
    });
    let fabric: Fabric;
    let base: string;
    let paris: Host;
    let lyon: Host;
    let nice: Host;
    let client: TcpPeer;
    let server: TcpPeer;

    beforeAll(async () => {
      ({ fabric, base } = await makeFabric(maker, topology));
      [paris, lyon, nice] = fabric.hosts.map(defined) as [Host, Host, Host];
      client = await startPeer(paris, join(base, 'peer.log'));
      server = await startPeer(lyon, join(base, 'peer.log'));
    });
    afterAll(async () => {
      await fabric?.[Symbol.asyncDispose]();
      await Promise.all([client?.process.end(1_000), server?.process.end(1_000)]);
      if (base !== undefined) await rm(base, { recursive: true, force: true });
    });

    /** A connection from paris to a new echo port at lyon; links are as at the start when the test ends. */
    async function connected(): Promise<{ readonly id: number; readonly port: number }> {
      const port = await server.ask('listen', { address: lyon.address });
      const id = await client.ask('open', await fabric.route(paris, lyon, port));
      return { id, port };
    }

    function temporarily(from: string, to: string, shape: Partial<LinkShape>): Promise<void> {
      const before = defined(topology.links.find((link) => link.from === from && link.to === to));
      onTestFinished(() => fabric.shape(from, to, before));
      return fabric.shape(from, to, shape);
    }

    test('hosts follow the topology, each with an address and a directory', () => {
      expect(fabric.hosts.map(({ site }) => site)).toEqual(['paris', 'lyon', 'nice']);
      expect(new Set(fabric.hosts.map(({ address }) => address)).size).toBe(3);
      for (const { directory } of fabric.hosts) expect(existsSync(directory)).toBe(true);
    });

    test('a route inside a site is direct, and a route asked twice is one', async () => {
      expect(await fabric.route(lyon, lyon, 4567)).toEqual({ address: lyon.address, port: 4567 });
      const port = await server.ask('listen', { address: lyon.address });
      const routes = await Promise.all([
        fabric.route(paris, lyon, port),
        fabric.route(paris, lyon, port),
      ]);
      expect(routes[0]).toEqual(routes[1]);
      expect(await fabric.route(paris, lyon, port)).toEqual(routes[0]);
    });

    test('the two directions of a link add up to the round trip', async () => {
      const { id } = await connected();
      const { rttsMs } = await client.ask('exchange', { id, count: 100, bytes: 100, periodMs: 5 });
      // The quickest of a hundred: a busy machine adds to any one of them, not to all.
      const fastestMs = Math.min(...rttsMs);
      expect(fastestMs).toBeGreaterThanOrEqual(59.9);
      expect(fastestMs).toBeLessThan(80);
    });

    test('a new connection says its first byte after the handshake', async () => {
      const { id } = await connected();
      // Handshake and echo, 60 ms each.
      expect(await client.ask('firstByte', { id })).toBeGreaterThanOrEqual(119);
    });

    test('jitter changes the round trip and never the order', async () => {
      await temporarily('paris', 'lyon', { delayMs: 20, jitterMs: 5 });
      const { id } = await connected();
      const { rttsMs, wrong } = await client.ask('exchange', {
        id,
        count: 500,
        bytes: 50,
        periodMs: 1,
      });
      expect(wrong).toBe(0);
      expect(Math.max(...rttsMs) - Math.min(...rttsMs)).toBeGreaterThan(3);
    });

    test('a rate bounds throughput, also over several connections', async () => {
      await temporarily('paris', 'lyon', { delayMs: 5, rateMbps: 8 });
      const first = await connected();
      const second = await connected();
      const startMs = performance.now();
      const trips = await Promise.all(
        [first, second].map(({ id }) =>
          client.ask('exchange', { id, count: 1, bytes: 400_000, periodMs: 0 }),
        ),
      );
      const seconds = (performance.now() - startMs) / 1e3;
      expect(trips.map(({ wrong }) => wrong)).toEqual([0, 0]);
      // 800 kB at 1 MB/s.
      expect(seconds).toBeGreaterThan(0.75);
    });

    test('a new shape holds for what enters from then on', async () => {
      const { id } = await connected();
      await temporarily('paris', 'lyon', { delayMs: 100 });
      const { rttsMs } = await client.ask('exchange', { id, count: 10, bytes: 10, periodMs: 5 });
      expect(Math.min(...rttsMs)).toBeGreaterThanOrEqual(139.9);
    });

    test('a cut is silence, and after it every byte arrives', async () => {
      const { id, port } = await connected();
      await client.ask('exchange', { id, count: 1, bytes: 10, periodMs: 0 });
      await fabric.cut('paris', 'lyon');
      const before = await server.ask('seen', null);
      const late = client.ask('exchange', { id, count: 20, bytes: 1_000, periodMs: 5 });
      const { address } = await fabric.route(paris, lyon, port);
      const hung = client.ask('open', { address, port });
      await sleep(600);
      expect(await server.ask('seen', null)).toEqual(before);
      expect(await client.ask('client', { id })).toMatchObject({
        received: 10,
        ended: false,
        error: null,
      });
      await fabric.heal('paris', 'lyon');
      const { rttsMs, wrong } = await late;
      expect(wrong).toBe(0);
      expect(rttsMs).toHaveLength(20);
      expect(Math.min(...rttsMs)).toBeGreaterThan(400);
      expect(await client.ask('firstByte', { id: await hung })).toBeGreaterThan(600);
    });

    test('traffic is counted per direction', async () => {
      const { id } = await connected();
      const bytesOf = async (from: string, to: string): Promise<number> =>
        (await fabric.traffic()).find((row) => row.from === from && row.to === to)?.bytes ?? 0;
      const before = [await bytesOf('paris', 'lyon'), await bytesOf('lyon', 'paris')] as const;
      const quiet = await bytesOf('nice', 'paris');
      await client.ask('exchange', { id, count: 3, bytes: 100_003, periodMs: 0 });
      const forward = (await bytesOf('paris', 'lyon')) - before[0];
      const backward = (await bytesOf('lyon', 'paris')) - before[1];
      if (options.exactTraffic) expect([forward, backward]).toEqual([300_009, 300_009]);
      else {
        expect(Math.min(forward, backward)).toBeGreaterThanOrEqual(300_009);
        expect(Math.max(forward, backward)).toBeLessThan(450_000);
      }
      expect(await bytesOf('nice', 'paris')).toBe(quiet);
    });

    test('a half-closed connection still carries the answer', async () => {
      const { id } = await connected();
      await client.ask('send', { id, bytes: 50_000 });
      expect(await client.ask('finish', { id })).toBeGreaterThanOrEqual(59.9);
      expect(await client.ask('client', { id })).toMatchObject({
        received: 50_000,
        wrong: 0,
        error: null,
      });
    });

    test('a reset crosses, and so does a refusal', async () => {
      const { id, port } = await connected();
      await client.ask('exchange', { id, count: 1, bytes: 10, periodMs: 0 });
      const { resets } = await server.ask('seen', null);
      await client.ask('reset', { id });
      await eventually(async () => (await server.ask('seen', null)).resets === resets + 1);
      const nobody = await fabric.route(nice, paris, port);
      const stranger = await startPeer(nice, join(base, 'peer.log'));
      onTestFinished(async () => {
        await stranger.process.end(1_000);
      });
      const fate = await stranger.ask('open', nobody).then(
        (opened) => stranger.ask('fate', { id: opened }),
        (error) => error.code,
      );
      expect(['ECONNRESET', 'ECONNREFUSED']).toContain(fate);
    });

    test('every ordered pair is measured', async () => {
      const before = await fabric.traffic();
      const samples = await fabric.measure(100, never);
      // Probes are ours, not the bus's.
      if (options.exactTraffic) expect(await fabric.traffic()).toEqual(before);
      expect(samples.map(({ from, to }) => `${from}>${to}`).toSorted()).toEqual(
        topology.links.map(({ from, to }) => `${from}>${to}`).toSorted(),
      );
      for (const { from, to, rttMinMs, rttP50Ms, rttP99Ms, probes } of samples) {
        const wanted = [from, to].includes('nice') ? 0 : 60;
        expect(rttMinMs).toBeGreaterThanOrEqual(wanted - 0.05);
        expect(rttMinMs).toBeLessThan(wanted + 20);
        expect(rttP50Ms).toBeGreaterThanOrEqual(rttMinMs);
        expect(rttP99Ms).toBeGreaterThanOrEqual(rttP50Ms);
        expect(probes).toBeGreaterThanOrEqual(100);
      }
    });

    test('measuring can be given up', async () => {
      const stop = new AbortController();
      const measuring = fabric.measure(1_000_000, stop.signal);
      setTimeout(() => stop.abort(new Error('enough')), 300);
      await expect(measuring).rejects.toThrow('enough');
    });

    test('two fabrics at once do not meet', async () => {
      const other = await makeFabric(maker, topologyOf(['paris', 'lyon']));
      onTestFinished(async () => {
        await other.fabric[Symbol.asyncDispose]();
        await rm(other.base, { recursive: true, force: true });
      });
      const port = await server.ask('listen', { address: lyon.address });
      const [from, to] = other.fabric.hosts.map(defined) as [Host, Host];
      const peer = await startPeer(from, join(base, 'peer.log'));
      onTestFinished(async () => {
        await peer.process.end(1_000);
      });
      const fate = await peer.ask('open', await other.fabric.route(from, to, port)).then(
        (opened) => peer.ask('fate', { id: opened }),
        (error) => error.code,
      );
      expect(['ECONNRESET', 'ECONNREFUSED']).toContain(fate);
    });

    test('dispose in full flow leaves no process and no directory, and may be repeated', async () => {
      const busy = await makeFabric(maker, topologyOf(['a', 'b'], { 'a>b': { delayMs: 30 } }));
      onTestFinished(() => rm(busy.base, { recursive: true, force: true }));
      const [a, b] = busy.fabric.hosts.map(defined) as [Host, Host];
      const peers = [
        await startPeer(a, join(base, 'peer.log')),
        await startPeer(b, join(base, 'peer.log')),
      ] as const;
      const port = await peers[1].ask('listen', { address: b.address });
      const id = await peers[0].ask('open', await busy.fabric.route(a, b, port));
      const flood = peers[0].ask('exchange', { id, count: 50, bytes: 1_000_000, periodMs: 1 });
      flood.catch(() => {});
      await sleep(100);
      await Promise.all([busy.fabric[Symbol.asyncDispose](), busy.fabric[Symbol.asyncDispose]()]);
      for (const { process } of busy.fabric.processes) await process.exited;
      for (const { directory } of busy.fabric.hosts) expect(existsSync(directory)).toBe(false);
      await Promise.all(peers.map(({ process }) => process.end(1_000)));
    });
  });
}
