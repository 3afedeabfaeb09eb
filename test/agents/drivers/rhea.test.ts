import { readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import rhea, { type Container, type EventContext, type Sender as PeerSender } from 'rhea';
import { afterEach, describe, expect, test } from 'vitest';
import type { DriverOptions, Session } from '../../../agents/drivers/driver.ts';
import { rheaDriver } from '../../../agents/drivers/rhea.ts';
import type { Json } from '../../../agents/protocol.ts';
import { eventually, TestClient, TestServer } from '../../contract/driver-peers.ts';

const patience = (): AbortSignal => AbortSignal.timeout(10_000);
const clientPeer = { index: 0, name: 'client/0', site: 0, topic: 0, server: null };
const serverPeer = { index: 0, name: 'server/0', site: 0, topic: 0, subscriber: 0 };

/** The other end of AMQP 1.0, doing what a test tells it: rhea itself, listening. */
class Peer implements AsyncDisposable {
  readonly container: Container = rhea.create_container();
  readonly server: Server;
  readonly connections: EventContext['connection'][] = [];

  constructor(options: Record<string, unknown> = {}) {
    this.container.on('connection_open', ({ connection }: EventContext) => {
      this.connections.push(connection);
    });
    for (const event of ['disconnected', 'connection_error', 'error']) {
      this.container.on(event, () => undefined);
    }
    const local = { port: 0, host: '127.0.0.1', receiver_options: { autoaccept: false } };
    this.server = this.container.listen({ ...local, ...options });
  }

  async url(scheme = 'amqp', user = ''): Promise<string> {
    if (!this.server.listening) await new Promise((up) => this.server.once('listening', up));
    const { port } = this.server.address() as AddressInfo;
    return `${scheme}://${user}127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((closed) => this.server.close(closed));
  }
}

const sessions: Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) await session[Symbol.asyncDispose]();
});

async function connect(
  urls: readonly string[],
  options: Partial<DriverOptions> = {},
  endpoint: { readonly [key: string]: Json } = {},
): Promise<Session> {
  const session = await rheaDriver.connect(
    {
      run: 'r1',
      process: 'client.paris',
      pattern: 'cast',
      guarantee: 'at-least-once',
      connections: 'own',
      failover: false,
      reconnect: { minMs: 20, maxMs: 100 },
      seed: 1,
      endpoint: { urls: [...urls], ...endpoint },
      ...options,
    },
    patience(),
  );
  sessions.push(session);
  return session;
}

async function openClient(session: Session): Promise<TestClient> {
  const client = new TestClient(0);
  client.sender = await session.openSender(clientPeer, null, client, patience());
  return client;
}

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
    const reasons: string[] = [];
    class Listener extends TestClient {
      override refused(token: number, outcome: string, reason = ''): void {
        super.refused(token, outcome);
        reasons.push(reason);
      }
    }
    const session = await connect([await peer.url()]);
    const client = new Listener(0);
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
    expect(reasons).toEqual([
      'amqp:not-allowed: too big',
      'released',
      'modified: undeliverable here',
      'modified: delivery failed',
    ]);
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
    };
    const addresses = { receive: ['slow'], send: 'slow' };
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
    expect(client.refusals).toEqual([{ token: 0, outcome: 'connection-lost' }]);
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

describe('what cannot be opened', () => {
  test('nobody listens', async () => {
    const peer = new Peer();
    const url = await peer.url();
    await peer[Symbol.asyncDispose]();
    await expect(connect([url])).rejects.toMatchObject({
      code: 'RHEA_CONNECT_FAILED',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('the bus refuses the address', async () => {
    await using peer = new Peer();
    peer.container.on('receiver_open', ({ receiver }: EventContext) => {
      receiver?.close({ condition: 'amqp:unauthorized-access', description: 'not yours' });
    });
    const session = await connect([await peer.url()]);
    await expect(openClient(session)).rejects.toMatchObject({
      code: 'RHEA_OPEN_FAILED',
      message: expect.stringContaining('amqp:unauthorized-access: not yours'),
    });
  });

  test.each([
    [{ urls: [] }, 'urls'],
    [{ urls: ['http://host'] }, 'urls'],
    [{ urls: ['amqp://user:secret@'] }, 'urls'],
    [{ urls: ['amqp://host'], credit: 0 }, 'credit'],
    [{ urls: ['amqp://host'], replies: 'both' }, 'replies'],
    [{ urls: ['amqp://host'], addresses: { receive: [] } }, 'addresses.receive'],
  ])('an endpoint that is none: %j', async (endpoint, field) => {
    const error = await connect([], {}, endpoint).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'RHEA_ENDPOINT_INVALID' });
    expect(String(error)).toContain(`${field}: expected`);
    expect(String(error)).not.toContain('secret');
  });
});

describe('TLS and SASL', () => {
  const pem = (name: string): string =>
    readFileSync(join(import.meta.dirname, '../../fixtures/tls', name), 'utf8');
  const secure = { transport: 'tls', key: pem('server-key.pem'), cert: pem('server-cert.pem') };

  test('PLAIN over TLS; a wrong password and an unknown authority are told apart', async () => {
    await using peer = new Peer({ ...secure, require_sasl: true });
    peer.container.sasl_server_mechanisms.enable_plain(
      (user: string, password: string) => user === 'me' && password === 'p@ss',
    );
    const tls = { ca: secure.cert, serverName: 'broker.test' };
    const good = await peer.url('amqps', 'me:p%40ss@');
    const client = await openClient(await connect([good], {}, { tls }));
    expect(client.states).toEqual([]);
    const bad = await peer.url('amqps', 'me:wrong@');
    await expect(connect([bad], {}, { tls })).rejects.toThrow(/authenticate/i);
    await expect(connect([good])).rejects.toThrow(/self-signed/);
    await expect(
      connect([good], {}, { tls: { ...tls, serverName: 'other.test' } }),
    ).rejects.toThrow(/altnames/);
    await openClient(await connect([good], {}, { tls: { verify: false } }));
  });
});

test('versions name the library and the peer', async () => {
  await using peer = new Peer({ properties: { product: 'test-broker', version: '7' } });
  const session = await connect([await peer.url()]);
  expect(session.versions).toMatchObject({ 'test-broker': '7' });
  expect(session.versions['rhea']).toMatch(/^3\./);
});
