import { readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ChannelModel } from 'amqplib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { amqplibDriver } from '../../../../agents/drivers/amqplib/amqplib.ts';
import { channelNumber, differencesOf } from '../../../../agents/drivers/amqplib/internals.ts';
import { dialBroker } from '../../../../agents/drivers/amqplib/link.ts';
import type { RunResult } from '../../../../reports/result.ts';
import { eventually, TestClient, TestServer } from '../../../contract/driver-peers.ts';
import { startBusbench } from '../../../helpers/cli.ts';
import { endpointAt } from '../../../helpers/endpoint.ts';
import { withRenamed } from '../../../helpers/mutated-library.ts';
import {
  type Deployed,
  deployRabbitmq,
  rabbitmqMissing,
  singleNode,
} from '../../../helpers/rabbitmq.ts';

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

const members = [
  'stream',
  'frameMax',
  'rest',
  'recvFrame',
  'accept',
  'recvSinceLastCheck',
  'sentSinceLastCheck',
];

describe.skipIf(rabbitmqMissing !== null)("the guard of amqplib's inside", () => {
  let deployed: Deployed;

  beforeAll(async () => {
    deployed = await deployRabbitmq(singleNode(''), AbortSignal.timeout(60_000));
  });

  afterAll(() => deployed?.[Symbol.asyncDispose]());

  async function dialled(): Promise<ChannelModel> {
    const { bus, fabric } = deployed;
    const [host] = fabric.hosts;
    const endpoint = await endpointAt(bus, host, 'amqplib');
    const [broker] = endpoint.brokers;
    if (!broker) throw new Error('an endpoint without brokers');
    // No heartbeat: of a connection whose inside we changed, amqplib would not stop it.
    const model = await dialBroker({ ...endpoint, heartbeatSeconds: 0 }, broker, 'guard');
    const { stream } = model.connection as unknown as { stream: Socket };
    onTestFinished(() => {
      model.on('error', () => {});
      stream.destroy();
    });
    return model;
  }

  test('the version of the lock file has nothing that differs', async () => {
    const model = await dialled();
    expect(differencesOf(model)).toEqual([]);
    expect(channelNumber(await model.createChannel())).toBe(1);
  });

  test.each(members)('a connection whose %s is gone is told', async (member) => {
    const model = await dialled();
    Object.defineProperty(model.connection, member, { value: undefined });
    expect(differencesOf(model)).toEqual([member]);
  });

  test('so are a second reader, and none at all', async () => {
    const second = await dialled();
    const inside = (model: ChannelModel) =>
      (model.connection as unknown as { stream: NodeJS.ReadableStream }).stream;
    inside(second).on('readable', () => {});
    expect(differencesOf(second)).toEqual(['readable']);
    const none = await dialled();
    inside(none).removeAllListeners('readable');
    expect(differencesOf(none)).toEqual(['readable']);
  });

  test.each(['recvSinceLastCheck', 'ch'])(
    'a connection that comes back with another %s in the middle of a run is told, and works',
    async (member) => {
      const { bus, fabric } = deployed;
      const endpoint = {
        ...(await endpointAt(bus, fabric.hosts[0], 'amqplib')),
        heartbeatSeconds: 0,
      };
      const options = {
        run: 'middle',
        process: 'both.paris',
        pattern: 'call',
        guarantee: 'at-least-once',
        connections: 'own',
        failover: false,
        reconnect: { minMs: 20, maxMs: 100 },
        seed: 1,
        endpoint,
      } as const;
      await using session = await amqplibDriver.connect(options, AbortSignal.timeout(10_000));
      const server = new TestServer(true);
      const peer = { index: 0, site: 0, topic: 0 };
      const signal = AbortSignal.timeout(20_000);
      const serverPeer = { ...peer, name: 'server/0', subscriber: 0 };
      server.receiver = await session.openReceiver(serverPeer, server, signal);
      const client = new TestClient(0);
      const clientPeer = { ...peer, name: 'client/0', server: null };
      client.sender = await session.openSender(clientPeer, null, client, signal);
      await client.sendAll(50);
      await eventually(() => client.replies.length === 50);
      expect([session.detour, session.versions['amqplib messages']]).toEqual([null, 'own framing']);

      await onEachFromNow(member);
      client.sender.disconnect();
      await eventually(() => client.states.length === 2);
      await client.sendAll(50, 256, 50);
      await eventually(() => client.replies.length === 100 && client.accepts.length === 100);
      expect(client.replies).toEqual(client.sequences(100));
      expect([client.states, client.refusals]).toEqual([['lost', 'back'], []]);
      expect(session.detour).toContain(member);
      expect(session.versions['amqplib messages']).toBe('public API');
    },
  );

  /** On each new connection or channel it is of another kind, which amqplib can live with as another version of it would. */
  async function onEachFromNow(member: string): Promise<void> {
    const model = await dialled();
    const it = member === 'ch' ? await model.createChannel() : model.connection;
    let prototype: object = it;
    // The class that has the methods, not one of Node.
    while (!Object.hasOwn(prototype, member === 'ch' ? 'sendMessage' : 'recvFrame')) {
      prototype = Object.getPrototypeOf(prototype) as object;
    }
    const kept = new WeakMap<object, unknown>();
    Object.defineProperty(prototype, member, {
      configurable: true,
      get(this: object): unknown {
        const value = kept.get(this);
        return typeof value === 'boolean' ? Number(value) : Object(value);
      },
      set(this: object, value: unknown) {
        kept.set(this, value);
      },
    });
    onTestFinished(() => {
      Reflect.deleteProperty(prototype, member);
    });
  }

  test('a channel without its number is told', async () => {
    const channel = await (await dialled()).createChannel();
    Object.defineProperty(channel, 'ch', { value: undefined });
    expect(channelNumber(channel)).toBeNull();
  });
});

describe.skipIf(rabbitmqMissing !== null)('a run with another amqplib than the one we know', () => {
  test.each(['recvSinceLastCheck', 'ch'])(
    'whose %s was renamed ends in a warning and right numbers',
    async (member) => {
      const folder = withRenamed('amqplib', member);
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const result = join(folder, 'result');
      const sets = [
        'workload.pace.rate=100/s',
        'phases.warmup=500ms',
        'phases.measure=3s',
        'guarantee=at-least-once',
        'bus.heartbeat=1s',
      ];
      const { code, stderr } = await startBusbench(
        ['run', 'rabbitmq-single', '-o', result, ...sets.flatMap((set) => ['--set', set])],
        {},
        join(folder, 'dist/orchestrator/cli.js'),
      ).finished;
      expect([0, 4], stderr).toContain(code);
      const text = readFileSync(join(result, 'result.json'), 'utf8');
      const { outcome, verdict, environment } = JSON.parse(text) as RunResult;
      expect(verdict.warnings.map((warning) => warning.code)).toContain('DRIVER_DETOUR');
      expect(verdict.warnings.map(({ message }) => message).join()).toContain(member);
      expect(environment.versions['amqplib messages']).toBe('public API');
      expect(outcome.due).toBe(300);
      expect([outcome.completed, outcome.failedTotal]).toEqual([300, 0]);
      expect([outcome.lost, outcome.duplicated, outcome.lostReplies]).toEqual([0, 0, 0]);
    },
    90_000,
  );
});
