import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { DriverOptions, Session } from '../../../../agents/drivers/driver.ts';
import type { ServerEntry } from '../../../../agents/drivers/zeromq/endpoint.ts';
import { zeromqDriver } from '../../../../agents/drivers/zeromq/zeromq.ts';
import { programPath } from '../../../../orchestrator/processes/program.ts';
import { eventually, TestClient, TestServer } from '../../../contract/driver-peers.ts';

const signal = (): AbortSignal => AbortSignal.timeout(10_000);
const endpoint = {
  address: '127.0.0.1',
  choice: 'closest',
  highWaterMark: 1000,
  ioThreads: 1,
} as const;

function connect(
  process: string,
  options: Partial<DriverOptions<'zeromq'>> = {},
): Promise<Session> {
  return zeromqDriver.connect(
    {
      run: 'test',
      process,
      pattern: 'call',
      guarantee: 'at-most-once',
      connections: 'own',
      failover: false,
      reconnect: { minMs: 20, maxMs: 100 },
      seed: 1,
      endpoint,
      ...options,
    },
    signal(),
  );
}

/** One server in a session, a process, of its own. */
async function serve(index: number, subscriber = 0) {
  const session = await connect(`server${index}`);
  const server = new TestServer(true);
  const peer = { index, name: `server/${index}`, site: index, topic: 0, subscriber };
  server.receiver = await session.openReceiver(peer, server, signal());
  const port = session.announcements()[0]?.port ?? 0;
  const entry = {
    server: index,
    topic: 0,
    subscriber,
    distance: index,
    address: '127.0.0.1',
    port,
  };
  return { session, server, entry, close: async () => session[Symbol.asyncDispose]() };
}

async function dial(
  session: Session,
  servers: readonly ServerEntry[],
  index = 0,
): Promise<TestClient> {
  const client = new TestClient(index);
  const peer = { index, name: `client/${index}`, site: 0, topic: 0, server: null };
  client.sender = await session.openSender(peer, { proxy: null, servers }, client, signal());
  return client;
}

test('closest serves from the nearest distance and moves on only with failover', async () => {
  for (const failover of [false, true]) {
    const near = await serve(0);
    const far = await serve(1);
    const session = await connect('client', { failover });
    const client = await dial(session, [far.entry, near.entry]);
    expect(client.sender?.routes).toBe(failover ? 2 : 1);
    await client.sendAll(10);
    await eventually(() => client.replies.length === 10);
    expect([near.server.got.length, far.server.got.length]).toEqual([10, 0]);
    await near.close();
    await eventually(() => client.states.includes('lost'));
    expect(client.send(10)).toBe(failover);
    if (failover) await eventually(() => client.replies.length === 11);
    expect(far.server.got.length).toBe(failover ? 1 : 0);
    await session[Symbol.asyncDispose]();
    await far.close();
  }
});

test('a server that is gone is told at once, and misses its copy of a fanout', async () => {
  const staying = await serve(0, 0);
  const leaving = await serve(1, 1);
  const session = await connect('client', { pattern: 'fanout' });
  const client = await dial(session, [staying.entry, { ...leaving.entry, distance: 0 }]);
  await client.sendAll(3);
  await eventually(() => leaving.server.got.length === 3);
  await leaving.close();
  await eventually(() => client.states.length > 0);
  expect(client.states).toEqual(['lost']);
  await client.sendAll(3, 256, 3);
  await eventually(() => staying.server.got.length === 6);
  expect([staying.server.got.length, leaving.server.got.length]).toEqual([6, 3]);
  await session[Symbol.asyncDispose]();
  await staying.close();
});

test('a reply to a client that went away is dropped, not an error', async () => {
  const { session, server, entry, close } = await serve(0);
  const contexts: unknown[] = [];
  server.message = (_body, _redelivered, context) => {
    contexts.push(context);
  };
  const clients = await connect('client');
  const client = await dial(clients, [entry]);
  await client.sendAll(2);
  await eventually(() => contexts.length === 2);
  await client.sender?.close();
  await clients[Symbol.asyncDispose]();
  server.receiver?.reply(contexts[0], Buffer.alloc(256));
  await session[Symbol.asyncDispose]();
  server.receiver?.reply(contexts[1], Buffer.alloc(256));
  expect(client.replies).toEqual([]);
  await close();
});

test('an unreachable server fails the opening and is named', async () => {
  const session = await connect('client');
  const entry = { server: 0, topic: 0, subscriber: 0, distance: 0, address: '127.0.0.1', port: 1 };
  const client = new TestClient(0);
  const peer = { index: 0, name: 'client.paris/0', site: 0, topic: 0, server: null };
  const opening = session.openSender(
    peer,
    { proxy: null, servers: [entry] },
    client,
    AbortSignal.timeout(200),
  );
  await expect(opening).rejects.toMatchObject({
    code: 'ZEROMQ_NOT_CONNECTED',
    message: expect.stringContaining('client.paris/0: no answer from tcp://127.0.0.1:1'),
  });
  await session[Symbol.asyncDispose]();
});

test('a process that closed its session ends by itself', async () => {
  const child = new URL('../../../fixtures/zeromq-child.mjs', import.meta.url).pathname;
  const registry = programPath('agents/drivers/registry');
  const { stdout } = await promisify(execFile)(process.execPath, [child, registry], {
    timeout: 15_000,
  });
  expect(stdout).toBe('10 replies\n');
});
