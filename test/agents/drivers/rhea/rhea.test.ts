import rhea, { type EventContext, type Sender as PeerSender } from 'rhea';
import { describe, expect, test } from 'vitest';
import { eventually, TestClient, TestServer } from '../../../contract/driver-peers.ts';
import {
  clientPeer,
  connect,
  openClient,
  Peer,
  patience,
  serverPeer,
} from '../../../helpers/rhea-peer.ts';

describe('outcomes', () => {
  test('each becomes its class, with the words of the bus', async () => {
    await using peer = new Peer();
    const outcomes = [
      (context: EventContext) => context.delivery?.accept(),
      (context: EventContext) =>
        context.delivery?.reject({ condition: 'amqp:not-allowed', description: 'too big' }),
      (context: EventContext) => context.delivery?.release(),
      (context: EventContext) => context.delivery?.modified({ undeliverable_here: true }),
      (context: EventContext) => context.delivery?.modified({ delivery_failed: true }),
    ];
    // Apart in time: the library at the other end would send two that differ as one.
    peer.container.on('message', (context: EventContext) => {
      const outcome = outcomes.shift();
      setTimeout(() => outcome?.(context), 20 * (5 - outcomes.length));
    });
    const session = await connect([await peer.url()]);
    const client = new TestClient(0);
    client.sender = await session.openSender(clientPeer, null, client, patience());
    await client.sendAll(5);
    await eventually(() => client.accepts.length + client.refusals.length === 5);
    expect(client.accepts).toEqual([0]);
    expect(client.refusals).toEqual([
      { token: 1, outcome: 'rejected' },
      { token: 2, outcome: 'released' },
      { token: 3, outcome: 'modified' },
      { token: 4, outcome: 'modified' },
    ]);
    expect(client.words).toEqual([
      'amqp:not-allowed: too big',
      'released',
      'modified: undeliverable here',
      'modified: delivery failed',
    ]);
  });

  test('a probe that the peer gives back is told as such', async () => {
    await using peer = new Peer();
    peer.container.on('message', (context: EventContext) => context.delivery?.release());
    const client = await openClient(await connect([await peer.url()]));
    await eventually(() => client.sender?.probe(Buffer.alloc(64), 0) === true);
    await eventually(() => client.returnedProbes.length === 1);
    expect(client.returnedProbes).toEqual([0]);
    expect(client.refusals).toEqual([]);
  });

  test('what is unsettled when the connection goes is connection-lost', async () => {
    await using peer = new Peer();
    const client = await openClient(await connect([await peer.url()]));
    await client.sendAll(3);
    client.sender?.disconnect();
    await eventually(() => client.states.length === 2);
    expect(client.refusals).toEqual(
      [0, 1, 2].map((token) => ({ token, outcome: 'connection-lost' })),
    );
    expect(client.states).toEqual(['lost', 'back']);
  });
});

describe('settlement', () => {
  // What a broker holds until we say so it sends again after a cut: that is at least once.
  test.each([
    ['at-most-once', 1],
    ['at-least-once', 0],
  ] as const)('%s asks for it: requests and replies', async (guarantee, mode) => {
    await using peer = new Peer();
    const asked: unknown[] = [];
    peer.container.on('sender_open', ({ sender }: EventContext) => {
      asked.push(sender?.snd_settle_mode);
      if (sender?.source.dynamic) sender.set_source({ address: 'made-up' });
    });
    const session = await connect([await peer.url()], { pattern: 'call', guarantee });
    await session.openReceiver(serverPeer, new TestServer(true), patience());
    await openClient(session);
    expect(asked).toEqual([mode, mode, mode]);
  });
});

describe('credit', () => {
  test('without credit nothing is taken; with it, writable comes and exactly as much goes', async () => {
    await using peer = new Peer({ receiver_options: { credit_window: 0, autoaccept: true } });
    const links: { add_credit(credit: number): void }[] = [];
    peer.container.on('receiver_open', ({ receiver }: EventContext) => {
      if (receiver !== undefined) links.push(receiver);
    });
    const client = await openClient(await connect([await peer.url()]));
    expect(client.send(0)).toBe(false);
    links[0]?.add_credit(3);
    await eventually(() => client.writables > 0);
    // All in one tick: what rhea has not yet written counts against the credit too.
    expect([0, 1, 2, 3].map((sequence) => client.send(sequence))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    await eventually(() => client.accepts.length === 3);
    expect(client.accepts).toEqual([0, 1, 2]);
    expect(client.writables).toBe(1);
  });

  test('a server that does not settle is sent no more than its credit', async () => {
    await using peer = new Peer();
    const feeding = new Promise<PeerSender & { readonly credit: number }>((resolve) => {
      peer.container.once('sender_open', ({ sender }: EventContext) => {
        resolve(sender as PeerSender & { readonly credit: number });
      });
    });
    let held = 0;
    const contexts: unknown[] = [];
    const server = {
      message: (_body: Buffer, _redelivered: boolean, context: unknown) => {
        held++;
        contexts.push(context);
      },
      connection: () => undefined,
      hindered: () => undefined,
    };
    const addresses = { receive: ['slow'], send: 'slow', sendOne: null, reply: null };
    const session = await connect([await peer.url()], {}, { addresses, credit: 8 });
    const receiver = await session.openReceiver(serverPeer, server, patience());
    const feeder = await feeding;
    await eventually(() => feeder.sendable());
    let sent = 0;
    const feed = (): void => {
      for (; sent < 20 && feeder.credit > sent - held; sent++) {
        feeder.send({ body: rhea.message.data_section(Buffer.from('x')) });
      }
    };
    feed();
    await eventually(() => held === 8);
    expect([held, feeder.credit]).toEqual([8, 0]);
    for (const context of contexts.splice(0)) receiver.settle(context);
    await eventually(() => feeder.credit === 8);
    expect(feeder.credit).toBe(8);
  });
});

describe('loss and return', () => {
  test('a link that the bus detaches is lost with its condition, and attached again', async () => {
    await using peer = new Peer();
    const seen: string[] = [];
    const client = new TestClient(0);
    client.connection = (state: 'lost' | 'back', reason = '') => seen.push(`${state} ${reason}`);
    const first = new Promise<EventContext>((opened) =>
      peer.container.once('receiver_open', opened),
    );
    const session = await connect([await peer.url()]);
    client.sender = await session.openSender(clientPeer, null, client, patience());
    await client.sendAll(1);
    (await first).receiver?.close({ condition: 'amqp:resource-deleted', description: 'gone' });
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(['lost amqp:resource-deleted: gone', 'back ']);
    // It may be what the link was detached for.
    expect(client.refusals).toEqual([{ token: 0, outcome: 'closed' }]);
    peer.container.on('message', (context: EventContext) => context.delivery?.accept());
    await client.sendAll(1, 64, 1);
    await eventually(() => client.accepts.length === 1);
    expect(client.accepts).toEqual([1]);
    expect(peer.connections).toHaveLength(1);
  });

  test('a receiver that is detached comes back too, on the same connection', async () => {
    await using peer = new Peer();
    const opened: EventContext[] = [];
    peer.container.on('sender_open', (context: EventContext) => opened.push(context));
    const states: string[] = [];
    const server = new TestServer(false);
    server.connection = (...[state]: readonly string[]) => states.push(state ?? '');
    const session = await connect([await peer.url()]);
    server.receiver = await session.openReceiver(serverPeer, server, patience());
    expect(opened).toHaveLength(2);
    opened[0]?.sender?.close({ condition: 'amqp:link:detach-forced' });
    await eventually(() => states.length === 2);
    expect(states).toEqual(['lost', 'back']);
    expect(opened.length).toBe(4);
    expect(peer.connections).toHaveLength(1);
  });

  for (const failover of [true, false]) {
    test(`${failover ? 'with' : 'without'} failover, when the first server is gone`, async () => {
      const first = new Peer();
      await using second = new Peer();
      const urls = [await first.url(), await second.url()];
      const client = await openClient(await connect(urls, { failover }));
      await first[Symbol.asyncDispose]();
      await eventually(() => client.states.length === 2, failover ? 10_000 : 500);
      expect(client.states).toEqual(failover ? ['lost', 'back'] : ['lost']);
      expect(second.connections).toHaveLength(failover ? 1 : 0);
    });
  }

  test('shared: one connection for all, and the cut of one is the cut of all', async () => {
    await using peer = new Peer();
    const session = await connect([await peer.url()], { connections: 'shared' });
    const clients = [await openClient(session), await openClient(session)];
    expect(peer.connections).toHaveLength(1);
    clients[0]?.sender?.disconnect();
    await eventually(() => clients.every(({ states }) => states.length === 2));
    expect(clients.map(({ states }) => states)).toEqual([
      ['lost', 'back'],
      ['lost', 'back'],
    ]);
    expect(peer.connections).toHaveLength(2);
  });
});
