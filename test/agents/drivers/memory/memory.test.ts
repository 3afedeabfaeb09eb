import { expect, test } from 'vitest';
import type { MemoryEndpoint } from '../../../../agents/drivers/memory/endpoint.ts';
import { type MemorySession, memoryDriver } from '../../../../agents/drivers/memory/memory.ts';
import { eventually, TestClient, TestServer } from '../../../contract/driver-peers.ts';
import { faultless } from '../../../helpers/memory.ts';

const signal = AbortSignal.timeout(30_000);

function connect(faults: Partial<MemoryEndpoint>, seed: number): Promise<MemorySession> {
  return memoryDriver.connect(
    {
      run: 'test',
      process: 'memory',
      pattern: 'call',
      guarantee: 'at-most-once',
      connections: 'own',
      failover: false,
      reconnect: { minMs: 10, maxMs: 100 },
      seed,
      endpoint: { ...faultless, ...faults },
    },
    signal,
  );
}

/** Sends `count` calls from each of three clients over two servers and returns what everybody saw. */
async function exchange(faults: Partial<MemoryEndpoint>, count: number, seed: number) {
  const session = await connect(faults, seed);
  const servers = await Promise.all(
    [0, 1].map(async (index) => {
      const server = new TestServer(true);
      const peer = { index, name: `server/${index}`, site: 0, topic: 0, subscriber: 0 };
      server.receiver = await session.openReceiver(peer, server, signal);
      return server;
    }),
  );
  const clients = await Promise.all(
    [0, 1, 2].map(async (index) => {
      const client = new TestClient(index);
      const peer = { index, name: `client/${index}`, site: 0, topic: 0, server: null };
      client.sender = await session.openSender(peer, null, client, signal);
      return client;
    }),
  );
  for (let sequence = 0; sequence < count; sequence++) {
    for (const client of clients) await client.sendAll(1, 64, sequence);
  }
  const { counters } = session;
  const settled = () =>
    counters.delivered + counters.lost === counters.sent + counters.duplicated &&
    clients.reduce((sum, { replies }) => sum + replies.length, 0) ===
      counters.replies - counters.repliesLost;
  await eventually(settled);
  await session[Symbol.asyncDispose]();
  return { counters, servers, clients };
}

/** The ledger's rules, by brute force over what the servers saw. */
function audit(servers: readonly TestServer[]) {
  const delivered = new Set<string>();
  let duplicated = 0;
  let reordered = 0;
  for (const server of servers) {
    const highest = new Map<number, number>();
    for (const { client, sequence } of server.got) {
      const key = `${client}/${sequence}`;
      const top = highest.get(client) ?? -1;
      if (delivered.has(key)) duplicated++;
      else if (sequence < top) reordered++;
      delivered.add(key);
      highest.set(client, Math.max(top, sequence));
    }
  }
  return { delivered: delivered.size, duplicated, reordered };
}

test('counts of lost, duplicated and reordered are exactly what servers see', async () => {
  const endpoint = { lossPercent: 3, duplicatePercent: 2, reorderPercent: 4, replyLossPercent: 1 };
  for (const seed of [1, 2, 3]) {
    const { counters, servers, clients } = await exchange(endpoint, 2000, seed);
    const seen = audit(servers);
    expect(counters.sent).toBe(6000);
    expect({ seed, ...seen }).toEqual({
      seed,
      delivered: 6000 - counters.lost,
      duplicated: counters.duplicated,
      reordered: counters.reordered,
    });
    expect(counters.delivered).toBe(servers.reduce((sum, { got }) => sum + got.length, 0));
    const replies = clients.reduce((sum, client) => sum + client.replies.length, 0);
    expect(replies).toBe(counters.replies - counters.repliesLost);
    for (const count of [counters.lost, counters.duplicated, counters.reordered]) {
      expect(count).toBeGreaterThan(60);
      expect(count).toBeLessThan(360);
    }
    expect(counters.repliesLost).toBeGreaterThan(20);
  }
});

test('the same seed makes the same faults, another seed others', async () => {
  const endpoint = { lossPercent: 5, duplicatePercent: 5 };
  const [first, second, third] = await Promise.all(
    [1, 1, 2].map((seed) => exchange(endpoint, 500, seed)),
  );
  expect(second?.servers.map(({ got }) => got)).toEqual(first?.servers.map(({ got }) => got));
  expect(third?.servers.map(({ got }) => got)).not.toEqual(first?.servers.map(({ got }) => got));
});

test('a delay holds every message back for at least that long', async () => {
  const start = performance.now();
  const { counters, clients } = await exchange({ delayUs: 20_000 }, 10, 1);
  expect(counters.delivered).toBe(30);
  expect(clients.map(({ replies }) => replies.length)).toEqual([10, 10, 10]);
  expect(performance.now() - start).toBeGreaterThan(40);
});

test('a held message that nothing overtakes is delivered in the end', async () => {
  const { counters, servers } = await exchange({ reorderPercent: 100 }, 1, 1);
  expect(counters).toMatchObject({ delivered: 3, reordered: 0 });
  expect(audit(servers)).toEqual({ delivered: 3, duplicated: 0, reordered: 0 });
});
