import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RabbitmqBus } from '../../../../orchestrator/buses/rabbitmq/bus.ts';
import type { Host } from '../../../../orchestrator/hosts/host.ts';
import { eventually, type TestClient } from '../../../contract/driver-peers.ts';
import { processesNaming } from '../../../helpers/processes.ts';
import { type Deployed, deployRabbitmq, rabbitmqMissing } from '../../../helpers/rabbitmq.ts';
import { Peers } from '../../../helpers/rabbitmq-peers.ts';

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

const delayMs = 25;
const soon = (): AbortSignal => AbortSignal.timeout(30_000);

const threeSites = (bus: string): string => `
schema: busbench/scenario/1
name: test
sites: [paris, lyon, nice]
links: { default: { delay: ${delayMs}ms } }
bus: { type: rabbitmq, nodes: [paris, lyon, nice]${bus === '' ? '' : `, ${bus}`} }
servers: { count: 3 }
clients: { count: 3 }
workload: { pattern: call, topics: 3, pace: { rate: 100/s }, body: 256, timeout: 1s }
phases: { warmup: 1s, measure: 1s, drain: 1s }
`;

describe.skipIf(rabbitmqMissing !== null)('three nodes over relays', () => {
  let deployed: Deployed;
  let paris: Host;
  let lyon: Host;
  let nice: Host;
  let variants = 0;

  beforeAll(async () => {
    deployed = await deployRabbitmq(threeSites(''), AbortSignal.timeout(100_000));
    [paris, lyon, nice] = deployed.fabric.hosts as [Host, Host, Host];
  }, 110_000);

  afterAll(() => deployed?.[Symbol.asyncDispose]());

  const variant = (bus: string, sets: readonly string[]): Promise<RabbitmqBus> =>
    deployed.variant(`v${variants++}`, threeSites(bus), sets);

  test('leaders go round the sites, or all to the one that is asked for', async () => {
    const sites = (bus: RabbitmqBus): (string | null)[] => [0, 1, 2].map((t) => bus.topicSite(t));
    expect(sites(deployed.bus)).toEqual(['paris', 'lyon', 'nice']);
    expect(sites(await variant('leader: nice', []))).toEqual(['nice', 'nice', 'nice']);
    const quorum = await variant('queues: quorum, leader: lyon', []);
    await quorum.directory([], new Map(), soon());
    expect(sites(quorum)).toEqual(['lyon', 'lyon', 'lyon']);
  });

  test('whoever is not at the queue pays the crossing, and no one else', async () => {
    const bus = await variant('leader: paris', []);
    await using peers = new Peers(bus, { pattern: 'call', guarantee: 'at-most-once' });
    const oneServer = await peers.server(paris, 0, { topic: 0 });
    await bus.directory([], new Map(), soon());
    const atParis = await peers.client(paris, 0);
    const atLyon = await peers.client(lyon, 1);
    const atNice = await peers.client(nice, 2);
    expect(await fewestCrossings(atParis, 0)).toBe(0);
    for (const client of [atLyon, atNice]) expect(await fewestCrossings(client, 2)).toBe(2);
    const answered = [atParis, atLyon, atNice].map(({ replies }) => replies.length);
    expect(oneServer.got.length).toBe(answered.reduce((sum, calls) => sum + calls));
  });

  test('a call between two at one site makes the detour by the queue at another', async () => {
    const bus = await variant('leader: nice', []);
    await using peers = new Peers(bus, { pattern: 'call', guarantee: 'at-most-once' });
    await peers.server(lyon, 0, { topic: 1 });
    await bus.directory([], new Map(), soon());
    const client = await peers.client(lyon, 0, { topic: 1 });
    // There and back again through nice; the direct reply never leaves lyon.
    expect(await fewestCrossings(client, 2)).toBe(2);
  });

  test('nobody joins before the first node has started, with all its feature flags', () => {
    const linesOf = (node: string): string[] =>
      readFileSync(join(deployed.scratch, 'logs', `${node}.log`), 'utf8').split('\n');
    const started = linesOf('bus-1').find((line) => line.includes('Server startup complete')) ?? '';
    expect(started).not.toBe('');
    for (const node of ['bus-2', 'bus-3']) {
      // Each line begins with its time, down to the microsecond.
      expect((linesOf(node)[0] ?? '') > started).toBe(true);
    }
  });

  test('bytes between the nodes are told by both ends of each pair', async () => {
    const counters = await deployed.bus.counters(soon());
    for (const from of ['bus-1', 'bus-2', 'bus-3']) {
      for (const to of ['bus-1', 'bus-2', 'bus-3'].filter((name) => name !== from)) {
        const sent = counters.get(from)?.[`sentToBytes.${to}`] ?? 0;
        const received = counters.get(to)?.[`receivedFromBytes.${from}`] ?? 0;
        expect(sent).toBeGreaterThan(0);
        expect(Math.abs(sent - received) / sent).toBeLessThan(0.1);
      }
    }
  });

  test('a quorum queue survives its leader, which comes back into the cluster', async () => {
    const bus = await variant('queues: quorum, leader: nice', [
      'workload.pattern=cast',
      'guarantee=at-least-once',
    ]);
    await using peers = new Peers(bus, { pattern: 'cast', guarantee: 'at-least-once' });
    const server = await peers.server(paris, 0);
    const client = await peers.client(lyon, 0);
    await client.sendAll(50);
    await eventually(() => client.accepts.length === 50);
    const leader = bus.nodes[2];
    await leader?.kill();
    await client.sendAll(50, 256, 50);
    await eventually(() => client.accepts.length + client.refusals.length >= 100, 40_000);
    const got = (): Set<number> => new Set(server.got.map(({ sequence }) => sequence));
    await eventually(() => client.accepts.every((sequence) => got().has(sequence)), 20_000);
    expect(client.accepts.filter((sequence) => !got().has(sequence))).toEqual([]);
    expect(client.accepts.length).toBeGreaterThanOrEqual(50);
    await leader?.start(AbortSignal.timeout(90_000));
    const counters = await bus.counters(soon());
    expect(counters.get('bus-3')?.['connections']).toBeDefined();
    await bus.directory([], new Map(), soon());
    expect(bus.topicSite(0)).not.toBeNull();
  }, 180_000);

  test('a client with failover goes to another node while its own is down', async () => {
    const bus = await variant('leader: lyon', ['clients.failover=true']);
    await using peers = new Peers(bus, {
      pattern: 'call',
      guarantee: 'at-most-once',
      failover: true,
    });
    await peers.server(lyon, 0, { topic: 0 });
    await bus.directory([], new Map(), soon());
    const client = await peers.client(nice, 0);
    await client.sendAll(1);
    await eventually(() => client.replies.length === 1);
    const node = bus.nodes[2];
    await node?.kill();
    await eventually(() => client.states.length === 2, 20_000);
    expect(client.states).toEqual(['lost', 'back']);
    await client.sendAll(1, 256, 1);
    await eventually(() => client.replies.length === 2);
    expect(client.replies).toEqual([0, 1]);
    await node?.start(AbortSignal.timeout(90_000));
  }, 120_000);

  test('disposing leaves no process', async () => {
    const { scratch } = deployed;
    expect((await processesNaming(scratch)).length).toBeGreaterThan(3);
    await deployed[Symbol.asyncDispose]();
    await sleep(500);
    expect(await processesNaming(scratch)).toEqual([]);
  });
});

const mostCalls = 200;

/**
 * How often the fastest of some calls, one at a time, can have crossed between sites: whole one-way delays in the time
 * that it took. More calls are made until one has as few as expected, so that a busy machine takes longer and fails nothing.
 */
async function fewestCrossings(client: TestClient, expected: number): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let sequence = 0; sequence < mostCalls; sequence++) {
    const from = performance.now();
    await client.sendAll(1, 256, sequence);
    await eventually(() => client.replies.length === sequence + 1);
    fewest = Math.min(fewest, Math.floor((performance.now() - from) / delayMs));
    // One that comes too early is as wrong as none that comes in time: some are made in any case.
    if (sequence >= 9 && fewest <= expected) break;
  }
  return fewest;
}
