import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { DriverOptions, Session } from '../../agents/drivers/driver.ts';
import type { Directory } from '../../agents/drivers/endpoint.ts';
import { flagProbe } from '../../agents/header.ts';
import type { ClientPeer, ServerPeer } from '../../agents/protocol.ts';
import { Bench } from './driver-bench.ts';
import { eventually, request } from './driver-peers.ts';

/** Two processes' worth of one driver on one bus; the same session twice where all is in one process. */
export interface DriverRig {
  readonly servers: Session;
  readonly clients: Session;
  /** What the bus would tell the process of the clients once these receivers are open. */
  directory(servers: readonly ServerPeer[], clients: readonly ClientPeer[]): Promise<Directory>;
  /** Ends the sessions and whatever was made for them. */
  close(): Promise<void>;
}

/** What a rig is asked for; everything else of `DriverOptions` is the rig's own. */
export type RigOptions = Pick<
  DriverOptions,
  'run' | 'pattern' | 'guarantee' | 'connections' | 'failover' | 'reconnect' | 'seed'
> & {
  /** Asks for room for about this many messages, so that a burst is refused; null for the usual. */
  readonly capacity: number | null;
};

export interface DriverContract {
  setup(options: RigOptions): Promise<DriverRig>;
  readonly guarantees: readonly DriverOptions['guarantee'][];
  /** Outcomes of a message to a topic that nobody serves; null where such a message is only never sent. */
  readonly unroutable: readonly string[] | null;
  /** True where the bus gives back a probe that nobody can be reached with. */
  readonly returnsProbes?: boolean;
  /** A burst of this many messages of this size cannot be taken at once with capacity 10. */
  readonly burst: { readonly messages: number; readonly bytes: number };
  /** Clients with connections of their own that one session must carry. */
  readonly manyClients: number;
  /** Servers of a topic share its calls evenly. */
  readonly even: boolean;
  /** The most bytes of a message that the bus takes; absent where it has no such limit. */
  readonly limitBytes?: number;
  /** False where the bus has no listener pools for notifications; absent where it has. */
  readonly pools?: boolean;
  /** True where the bus drops what it cannot hold at most once: bursts are then sent at least once. */
  readonly drops?: boolean;
}

/** The behaviour that workloads rely on, the same for every driver. Each test makes and removes its own rig. */
export function driverContract(name: string, contract: DriverContract): void {
  const guaranteeOfBursts = contract.drops === true ? 'at-least-once' : 'at-most-once';

  describe(`driver contract: ${name}`, () => {
    for (const connections of ['own', 'shared'] as const) {
      test(`calls are answered, each client its own, ${connections} connections`, async () => {
        await using bench = await Bench.open(contract, { pattern: 'call', connections });
        const [server] = await bench.serve([{}]);
        const clients = await bench.dial([{}, {}, {}]);
        for (const client of clients) await client.sendAll(20);
        await eventually(() => clients.every(({ replies }) => replies.length >= 20));
        for (const client of clients) expect(client.replies).toEqual(client.sequences(20));
        expect(server?.got).toHaveLength(60);
        expect(clients.flatMap(({ refusals, states }) => [...refusals, ...states])).toEqual([]);
      });
    }

    test('a call reaches one server, and only one of its topic', async () => {
      await using bench = await Bench.open(contract, { pattern: 'call' });
      const servers = await bench.serve([{}, {}, { topic: 1 }]);
      const [client] = await bench.dial([{}]);
      await client?.sendAll(100);
      await eventually(() => client?.replies.length === 100);
      const got = servers.map((server) => server.got.length);
      expect(got).toEqual([got[0], 100 - (got[0] ?? 0), 0]);
      if (contract.even) expect(got).toEqual([50, 50, 0]);
    });

    test('a client with a target reaches that server only', async () => {
      await using bench = await Bench.open(contract, { pattern: 'call' });
      const servers = await bench.serve([{}, {}, {}]);
      const [client] = await bench.dial([{ server: 1 }]);
      await client?.sendAll(30);
      await eventually(() => client?.replies.length === 30);
      expect(servers.map((server) => server.got.length)).toEqual([0, 30, 0]);
    });

    test('a cast is delivered once, in order, and not answered', async () => {
      await using bench = await Bench.open(contract, { pattern: 'cast' });
      const [server] = await bench.serve([{}]);
      const [client] = await bench.dial([{}]);
      await client?.sendAll(200);
      await eventually(() => server?.got.length === 200);
      expect(server?.got.map(({ sequence }) => sequence)).toEqual(client?.sequences(200));
      expect(client?.replies).toEqual([]);
    });

    test('a fanout gives every server of the topic its own copy', async () => {
      await using bench = await Bench.open(contract, { pattern: 'fanout' });
      const servers = await bench.serve([
        { subscriber: 0 },
        { subscriber: 1 },
        { subscriber: 2 },
        { topic: 1, subscriber: 3 },
      ]);
      const [client] = await bench.dial([{}]);
      await client?.sendAll(20);
      await eventually(() => servers.slice(0, 3).every((server) => server.got.length === 20));
      await sleep(50);
      expect(servers.map((server) => server.got.length)).toEqual([20, 20, 20, 0]);
    });

    test.skipIf(contract.pools === false)(
      'a notification reaches one server of each pool',
      async () => {
        await using bench = await Bench.open(contract, { pattern: 'notify' });
        const servers = await bench.serve([
          { subscriber: 0 },
          { subscriber: 0 },
          { subscriber: 1 },
        ]);
        const [client] = await bench.dial([{}]);
        await client?.sendAll(40);
        const got = (...which: number[]): number =>
          which.reduce((sum, i) => sum + (servers[i]?.got.length ?? 0), 0);
        await eventually(() => got(0, 1) === 40 && got(2) === 40);
        await sleep(50);
        expect([got(0, 1), got(2)]).toEqual([40, 40]);
        if (contract.even) expect(got(0)).toBe(20);
      },
    );

    test('probes on all routes prove all servers', async () => {
      await using bench = await Bench.open(contract, { pattern: 'fanout' });
      const servers = await bench.serve([{ subscriber: 0 }, { subscriber: 1 }]);
      const [client] = await bench.dial([{}]);
      const routes = client?.sender?.routes ?? 0;
      expect([1, 2]).toContain(routes);
      for (let route = 0; route < routes; route++) {
        expect(client?.sender?.probe(request(0, route, 64, flagProbe), route)).toBe(true);
      }
      await eventually(() => servers.every((server) => server.got.length === 1));
      expect(servers.map((server) => server.got.length)).toEqual([1, 1]);
    });

    const { unroutable } = contract;
    test.skipIf(unroutable === null)('a topic that nobody serves is told', async () => {
      await using bench = await Bench.open(contract, { pattern: 'cast' });
      await bench.serve([{}]);
      const [client] = await bench.dial([{ topic: 1 }]);
      client?.sender?.send(request(0, 7), 7);
      await eventually(() => client?.refusals.length === 1);
      expect(client?.refusals.map(({ token }) => token)).toEqual([7]);
      expect(unroutable).toContain(client?.refusals[0]?.outcome);
    });

    test.skipIf(contract.returnsProbes !== true)('a probe that nobody serves is told', async () => {
      await using bench = await Bench.open(contract, { pattern: 'cast' });
      await bench.serve([{}]);
      const [client] = await bench.dial([{ topic: 1 }]);
      client?.sender?.probe(request(0, 0, 64, flagProbe), 0);
      await eventually(() => client?.returnedProbes.length === 1);
      expect(client?.returnedProbes).toEqual([0]);
      expect(client?.refusals).toEqual([]);
    });

    test('a full bus refuses, then calls writable, and loses nothing', async () => {
      const burst = { pattern: 'cast', capacity: 10, guarantee: guaranteeOfBursts } as const;
      await using bench = await Bench.open(contract, burst);
      const [server] = await bench.serve([{}]);
      const [client] = await bench.dial([{}]);
      const { messages, bytes } = contract.burst;
      let taken = 0;
      while (taken < messages && client?.send(taken, bytes)) taken++;
      expect(taken).toBeLessThan(messages);
      await eventually(() => (client?.writables ?? 0) > 0);
      expect(client?.writables).toBeGreaterThan(0);
      await client?.sendAll(messages - taken, bytes, taken);
      await eventually(() => server?.got.length === messages);
      expect(server?.got.map(({ sequence }) => sequence)).toEqual(client?.sequences(messages));
    });

    test('every call of a burst is answered, whatever the bus has room for', async () => {
      const burst = { pattern: 'call', capacity: 10, guarantee: guaranteeOfBursts } as const;
      await using bench = await Bench.open(contract, burst);
      await bench.serve([{}]);
      const [client] = await bench.dial([{}]);
      await client?.sendAll(1000);
      await eventually(() => client?.replies.length === 1000);
      expect(client?.replies).toEqual(client?.sequences(1000));
    });

    test('after a cut the sender refuses, comes back, and works', async () => {
      await using bench = await Bench.open(contract, { pattern: 'call' });
      await bench.serve([{}]);
      const [client, other] = await bench.dial([{}, {}]);
      await client?.sendAll(5);
      await eventually(() => client?.replies.length === 5);
      client?.sender?.disconnect();
      await eventually(() => client?.states[0] === 'lost');
      expect(client?.send(5)).toBe(false);
      await eventually(() => client?.states.length === 2 && client.writables > 0);
      expect(client?.states).toEqual(['lost', 'back']);
      expect(client?.writables).toBeGreaterThan(0);
      await client?.sendAll(5, 256, 6);
      await eventually(() => client?.replies.length === 10);
      expect(client?.replies).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10]);
      expect(other?.states).toEqual([]);
    });

    test.skipIf(!contract.guarantees.includes('at-least-once'))(
      'at least once, every message is accepted or refused, even across a cut',
      async () => {
        await using bench = await Bench.open(contract, {
          pattern: 'cast',
          guarantee: 'at-least-once',
        });
        const [server] = await bench.serve([{}]);
        const [client] = await bench.dial([{}]);
        await client?.sendAll(50);
        client?.sender?.disconnect();
        await client?.sendAll(50, 256, 50);
        const told = (): number[] =>
          [...(client?.accepts ?? []), ...(client?.refusals.map(({ token }) => token) ?? [])].sort(
            (a, b) => a - b,
          );
        await eventually(() => told().length === 100);
        expect(told()).toEqual(client?.sequences(100));
        const delivered = new Set(server?.got.map(({ sequence }) => sequence));
        expect(client?.accepts.filter((token) => !delivered.has(token))).toEqual([]);
      },
    );

    const { limitBytes } = contract;
    for (const guarantee of contract.guarantees) {
      test.skipIf(limitBytes === undefined)(
        `${guarantee}, what is too large is told in the bus's words, and the rest goes on`,
        async () => {
          await using bench = await Bench.open(contract, { pattern: 'cast', guarantee });
          const [server] = await bench.serve([{}]);
          const [client] = await bench.dial([{}]);
          await client?.sendAll(5);
          await eventually(() => server?.got.length === 5);
          await client?.sendAll(1, (limitBytes ?? 0) + 1, 5);
          await eventually(() => client?.limits.length === 1 && client.states.length === 2);
          expect(client?.states).toEqual(['lost', 'back']);
          await client?.sendAll(5, 256, 6);
          await eventually(() => server?.got.length === 10);
          const got = server?.got.map(({ sequence }) => sequence);
          expect(got).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10]);
          // What is said of a message may be said of it with its header.
          expect(client?.limits[0]).toBeLessThanOrEqual((limitBytes ?? 0) + 1);
          expect(client?.limits[0]).toBeGreaterThan((limitBytes ?? 0) - 500);
          expect(client?.words[0]).toMatch(/message size .*\d+/);
        },
      );
    }

    test(`one session carries ${contract.manyClients} clients`, { timeout: 120_000 }, async () => {
      const burst = { pattern: 'call', guarantee: guaranteeOfBursts } as const;
      await using bench = await Bench.open(contract, burst);
      await bench.serve([{}]);
      const clients = await bench.dial(Array.from({ length: contract.manyClients }, () => ({})));
      for (const client of clients) await client.sendAll(1);
      await eventually(() => clients.every(({ replies }) => replies.length === 1), 60_000);
      expect(clients.filter(({ replies }) => replies.length !== 1)).toEqual([]);
    });

    test('nothing is called after everything was closed', async () => {
      const bench = await Bench.open(contract, { pattern: 'call' });
      const [server] = await bench.serve([{}]);
      const [client] = await bench.dial([{}]);
      await client?.sendAll(50);
      await bench[Symbol.asyncDispose]();
      const seen = [server?.got.length, client?.replies.length, client?.states.length];
      await sleep(100);
      expect([server?.got.length, client?.replies.length, client?.states.length]).toEqual(seen);
    });
  });
}
