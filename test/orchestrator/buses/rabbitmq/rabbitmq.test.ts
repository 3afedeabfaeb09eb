import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentProcess } from '../../../../orchestrator/buses/bus.ts';
import type { RabbitmqBus } from '../../../../orchestrator/buses/rabbitmq/bus.ts';
import { vhostPath } from '../../../../orchestrator/buses/rabbitmq/management.ts';
import type { RabbitmqNode } from '../../../../orchestrator/buses/rabbitmq/node.ts';
import type { Host } from '../../../../orchestrator/hosts/host.ts';
import { eventually, request } from '../../../contract/driver-peers.ts';
import { choppingProxy } from '../../../helpers/chopping-proxy.ts';
import { endpointFor } from '../../../helpers/endpoint.ts';
import { processesNaming } from '../../../helpers/processes.ts';
import {
  type Deployed,
  deployRabbitmq,
  mirroredQueues,
  rabbitmqMissing,
  singleNode,
} from '../../../helpers/rabbitmq.ts';
import { Peers } from '../../../helpers/rabbitmq-peers.ts';

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

const soon = (): AbortSignal => AbortSignal.timeout(30_000);

describe.skipIf(rabbitmqMissing !== null)('one node', () => {
  let deployed: Deployed;
  let node: RabbitmqNode;
  let host: Host;
  let nobody: AgentProcess;
  let variants = 0;

  beforeAll(async () => {
    deployed = await deployRabbitmq(singleNode(''), AbortSignal.timeout(60_000));
    [node] = deployed.bus.nodes as [RabbitmqNode];
    host = node.host;
    nobody = { name: 'nobody', index: 0, host, clients: [], servers: [] };
  });

  afterAll(() => deployed?.[Symbol.asyncDispose]());

  /** Another run's bus on the same broker: its own names, its own options. */
  const variant = (bus: string, sets: readonly string[]): Promise<RabbitmqBus> =>
    deployed.variant(`v${variants++}`, singleNode(bus), sets);

  test('is ready with its version, says where the time went, and leads its queue', () => {
    const { bus } = deployed;
    expect(node.version).toMatch(/^\d+\.\d+.* \(Erlang \d+/);
    expect(Object.values(bus.details).every((ms) => ms >= 0)).toBe(true);
    expect(bus.topicSite(0)).toBe('paris');
    expect(bus.topicSite(1)).toBeNull();
  });

  const fitting = [
    ['classic', 'call'],
    ['classic', 'cast'],
    ['classic', 'fanout'],
    ['classic', 'notify'],
    ['mirrored', 'call'],
    ['quorum', 'call'],
    ['quorum', 'cast'],
    ['quorum', 'fanout'],
    ['quorum', 'notify'],
    ['stream', 'notify'],
  ] as const;
  for (const [queues, pattern] of fitting) {
    for (const guarantee of ['at-most-once', 'at-least-once'] as const) {
      test.skipIf(queues === 'mirrored' && !mirroredQueues)(
        `${pattern} on ${queues}, ${guarantee}`,
        async () => {
          const bus = await variant(`queues: ${queues}`, [
            `workload.pattern=${pattern}`,
            `guarantee=${guarantee}`,
            ...(pattern === 'notify' ? ['workload.pools=2'] : []),
          ]);
          await using peers = new Peers(bus, { pattern, guarantee });
          const servers = [await peers.server(host, 0), await peers.server(host, 1)];
          await bus.directory([], new Map(), soon());
          const client = await peers.client(host, 0);
          await client.sendAll(30);
          const copies = pattern === 'fanout' || pattern === 'notify' ? 2 : 1;
          const delivered = (): number => servers.reduce((sum, { got }) => sum + got.length, 0);
          await eventually(() => delivered() === 30 * copies);
          expect(delivered()).toBe(30 * copies);
          if (copies === 2) expect(servers.map(({ got }) => got.length)).toEqual([30, 30]);
          if (pattern === 'call') await eventually(() => client.replies.length === 30);
          expect(client.replies.length).toBe(pattern === 'call' ? 30 : 0);
          if (guarantee === 'at-least-once') await eventually(() => client.accepts.length === 30);
          expect(client.accepts.length).toBe(guarantee === 'at-least-once' ? 30 : 0);
          expect(client.refusals).toEqual([]);
        },
      );
    }
  }

  test('the broker counts what we count, and nothing is left in its queues', async () => {
    const bus = await variant('reply: queue', ['guarantee=at-least-once']);
    const before = (await bus.counters(soon())).get('bus-1') ?? {};
    await using peers = new Peers(bus, { pattern: 'call', guarantee: 'at-least-once' });
    await peers.server(host, 0);
    const client = await peers.client(host, 0);
    await client.sendAll(500);
    await eventually(() => client.replies.length === 500 && client.accepts.length === 500);
    const after = (await bus.counters(soon())).get('bus-1') ?? {};
    const gained = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    // Requests and replies; only requests are confirmed and acknowledged.
    expect(['received', 'routed', 'delivered'].map(gained)).toEqual([1000, 1000, 1000]);
    expect(['confirmed', 'acknowledged', 'redelivered'].map(gained)).toEqual([500, 500, 0]);
    expect([after['messagesReady'], after['messagesUnacknowledged']]).toEqual([0, 0]);
  });

  test('what a full queue rejects is nacked', async () => {
    const definition = '{ max-length: 3, overflow: reject-publish }';
    const policy = `{ pattern: "topic-0$", definition: ${definition} }`;
    const bus = await variant(`policies: { full: ${policy} }`, [
      'workload.pattern=cast',
      'guarantee=at-least-once',
    ]);
    await using peers = new Peers(bus, { pattern: 'cast', guarantee: 'at-least-once' });
    const client = await peers.client(host, 0);
    await client.sendAll(10);
    await eventually(() => client.accepts.length + client.refusals.length === 10);
    expect(client.accepts).toEqual([0, 1, 2]);
    expect(client.refusals.map(({ outcome }) => outcome)).toEqual(Array(7).fill('nacked'));
    await node.spec.management.send('DELETE', vhostPath('policies', 'full'), null, soon());
  });

  test('a sender is held back while the broker has an alarm, and loses nothing', async () => {
    const bus = await variant('', ['workload.pattern=cast']);
    await using peers = new Peers(bus, { pattern: 'cast', guarantee: 'at-most-once' });
    const server = await peers.server(host, 0);
    const client = await peers.client(host, 0);
    await watermark(node, '0.00001');
    try {
      // The broker says so at the first message it no longer reads.
      let taken = 0;
      while (taken < 1000 && client.send(taken)) {
        taken++;
        await sleep(10);
      }
      expect(taken).toBeLessThan(1000);
      await watermark(node, '0.4');
      await eventually(() => client.writables > 0);
      expect(client.writables).toBeGreaterThan(0);
      await client.sendAll(5, 256, taken);
      await eventually(() => server.got.length === taken + 5);
      expect(server.got.length).toBe(taken + 5);
    } finally {
      await watermark(node, '0.4');
    }
  });

  test('a queue that is deleted under its consumer is declared again', async () => {
    const bus = await variant('', ['workload.pattern=cast']);
    await using peers = new Peers(bus, { pattern: 'cast', guarantee: 'at-most-once' });
    const server = await peers.server(host, 0);
    const states: string[] = [];
    server.connection = (state?: string, reason?: string) => void states.push(`${state} ${reason}`);
    const client = await peers.client(host, 0);
    const queue = `busbench.v${variants - 1}.topic-0`;
    await node.spec.management.send('DELETE', vhostPath('queues', queue), null, soon());
    await eventually(() => states.length === 2);
    expect(states).toEqual([`lost the broker cancelled the consumer of ${queue}`, 'back ']);
    await client.sendAll(5);
    await eventually(() => server.got.length === 5);
    expect(server.got.length).toBe(5);
  });

  test('a channel that the broker closes is opened again, with its reason told', async () => {
    const bus = await variant('', ['workload.pattern=cast', 'guarantee=at-least-once']);
    await using peers = new Peers(bus, { pattern: 'cast', guarantee: 'at-least-once' });
    const client = await peers.client(host, 0);
    const told: string[] = [];
    client.connection = (state?: string, reason?: string) => void told.push(`${state} ${reason}`);
    const exchange = `busbench.v${variants - 1}.rpc`;
    await node.spec.management.send('DELETE', vhostPath('exchanges', exchange), null, soon());
    expect(client.send(0)).toBe(true);
    await eventually(() => told.length === 2);
    expect(told[0]).toMatch(/^lost .*404.*no exchange/);
    expect(told[1]).toBe('back ');
    // The only message on it: what the channel was closed for.
    expect(client.refusals).toEqual([{ token: 0, outcome: 'refused' }]);
  });

  test('bodies of any size arrive whole, however the network cuts the stream up', async () => {
    const bus = await variant('', ['guarantee=at-least-once']);
    const [broker] = endpointFor('amqplib', await bus.endpoint(nobody)).brokers;
    await using proxy = await choppingProxy(broker?.host ?? '', broker?.port ?? 0, 7);
    const through = [{ host: proxy.host, port: proxy.port }];
    await using peers = new Peers(bus, { pattern: 'call', guarantee: 'at-least-once' }, through);
    await peers.server(host, 0);
    const client = await peers.client(host, 0);
    const sizes = [64, 65, 16_383, 16_384, 16_385, 131_063, 131_064, 131_065, 400_000, 1_000_000];
    const bodies = sizes.map((bytes, i) => request(0, i, bytes).fill(`body ${i}`, 64));
    const replies: Buffer[] = [];
    client.reply = (body: Buffer) => void replies.push(body);
    for (const [i, body] of bodies.entries()) {
      while (!client.sender?.send(Buffer.from(body), i)) await sleep(5);
    }
    await eventually(() => replies.length === sizes.length && client.accepts.length > 0);
    expect(replies.map(({ length }) => length)).toEqual(sizes);
    // Past the header, which the server turned into a reply's, nothing may have changed.
    const intact = replies.map((reply, i) =>
      reply.subarray(64).equals(bodies[i]?.subarray(64) ?? reply),
    );
    expect(intact).toEqual(sizes.map(() => true));
    await eventually(() => client.accepts.length === sizes.length);
    expect(client.accepts).toEqual(client.sequences(sizes.length));
  });

  test('killed and started again, it still has every confirmed message', async () => {
    const bus = await variant('', ['workload.pattern=cast', 'guarantee=at-least-once']);
    await using peers = new Peers(bus, { pattern: 'cast', guarantee: 'at-least-once' });
    const client = await peers.client(host, 0);
    await client.sendAll(200);
    await eventually(() => client.accepts.length === 200);
    await node.kill();
    await eventually(() => client.states.length === 1);
    expect(client.states).toEqual(['lost']);
    expect(client.send(200)).toBe(false);
    await node.start(AbortSignal.timeout(60_000));
    await eventually(() => client.states.length === 2);
    expect(client.states).toEqual(['lost', 'back']);
    await client.sendAll(1, 256, 200);
    const server = await peers.server(host, 0);
    await eventually(() => server.got.length >= 201);
    const got = new Set(server.got.map(({ sequence }) => sequence));
    expect(client.accepts.filter((sequence) => !got.has(sequence))).toEqual([]);
    expect(got.size).toBe(201);
  }, 90_000);

  test('a paused node answers nothing, and goes on where it was', async () => {
    const bus = await variant('', []);
    await using peers = new Peers(bus, { pattern: 'call', guarantee: 'at-most-once' });
    await peers.server(host, 0);
    const client = await peers.client(host, 0);
    await node.pause();
    client.send(0);
    await sleep(300);
    expect(client.replies).toEqual([]);
    await node.resume();
    await eventually(() => client.replies.length === 1);
    expect(client.replies).toEqual([0]);
  });

  test('a reset leaves no queue and no exchange of the run but those it was deployed with', async () => {
    const bus = await variant('', []);
    const prefix = `busbench.v${variants - 1}.`;
    {
      await using peers = new Peers(bus, { pattern: 'call', guarantee: 'at-most-once' });
      await peers.server(host, 0, { topic: 3 });
    }
    await bus.reset(soon());
    const listed = (await node.spec.management.send(
      'GET',
      `${vhostPath('queues')}?columns=name`,
      null,
      soon(),
    )) as readonly { readonly name: string }[];
    const ours = listed.map(({ name }) => name).filter((name) => name.startsWith(prefix));
    expect(ours).toEqual([`${prefix}topic-0`]);
  });

  test('an unknown plugin and a line that RabbitMQ does not understand are told', async () => {
    const refused = deployRabbitmq(singleNode('plugins: [rabbitmq_nonsense]'), soon());
    await expect(refused).rejects.toMatchObject({ code: 'RABBITMQ_OPTION_UNSUPPORTED' });
    const broken = deployRabbitmq(singleNode('config: ["no_such_key = 1"]'), soon());
    await expect(broken).rejects.toMatchObject({ code: 'RABBITMQ_NODE_DIED' });
    await expect(broken).rejects.toThrow(/no_such_key/);
  }, 60_000);

  test('more connections than the node has files for are refused before any is opened', async () => {
    const many = ['clients.count=900000', 'agents.processes=64'];
    await expect(variant('', many)).rejects.toMatchObject({
      code: 'RABBITMQ_TOO_FEW_FILES',
    });
  });

  test('disposing leaves no process and no file', async () => {
    const other = await deployRabbitmq(singleNode(''), AbortSignal.timeout(60_000));
    expect((await processesNaming(other.scratch)).length).toBeGreaterThan(0);
    await other[Symbol.asyncDispose]();
    await sleep(500);
    expect(await processesNaming(other.scratch)).toEqual([]);
    expect(existsSync(other.scratch)).toBe(false);
  }, 60_000);
});

/** Raises or lowers the memory at which the broker stops reading from publishers. */
async function watermark(node: RabbitmqNode, share: string): Promise<void> {
  const { command, env, erlangName, host, logFile } = node.spec;
  const rabbitmqctl = join(command.at(-1) ?? '', '..', 'rabbitmqctl');
  const args = ['-n', erlangName, 'set_vm_memory_high_watermark', share];
  await host.run([rabbitmqctl, ...args], { env, logFile, stdio: 'pipe', timeoutMs: 30_000 });
}
