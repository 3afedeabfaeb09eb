import { Dealer, Router } from 'zeromq';
import type { Receiver, Sender } from '../agents/drivers/driver.ts';
import { zeromqDriver } from '../agents/drivers/zeromq/zeromq.ts';
import { emptyHeader, writeRequest } from '../agents/header.ts';
import { cellsOf, type Loop, measure, medianOf, type Sample } from './loop.ts';
import type { BenchTable } from './table.ts';

const bodyBytes = 1024;
/** At once, so that every wake-up finds many messages; and one at a time, so that each call pays for its own. */
const windows = [100, 1];
const warmUpMs = 250;
const rounds = 5;

/** CPU per call, both ends in one process, of our driver and of a plain loop over the same library. */
export async function benchZeromq(): Promise<BenchTable> {
  const rows: string[][] = [];
  for (const inFlight of windows) {
    const plain: Sample[] = [];
    const driver: Sample[] = [];
    // Alternating, so that what else the machine does falls on both alike.
    for (let round = 0; round < rounds; round++) {
      plain.push(await measure(() => plainLoop(inFlight), warmUpMs));
      driver.push(await measure(() => driverLoop(inFlight), warmUpMs));
    }
    rows.push(['plain zeromq loop', `${inFlight}`, ...cellsOf(medianOf(plain))]);
    rows.push(['zeromq driver', `${inFlight}`, ...cellsOf(medianOf(driver))]);
  }
  return {
    title: `zeromq, ${bodyBytes} B calls, both ends in one process`,
    columns: ['path', 'in flight', 'CPU µs/call', 'calls/s'],
    rows,
  };
}

async function plainLoop(inFlight: number): Promise<Loop> {
  const router = new Router({ linger: 0 });
  await router.bind('tcp://127.0.0.1:*');
  const dealer = new Dealer({ linger: 0 });
  dealer.connect(router.lastEndpoint ?? '');
  const answering = (async () => {
    for await (const parts of router) await router.send(parts);
  })().catch(() => {});
  let calls = 0;
  const calling = (async () => {
    for (let i = 0; i < inFlight; i++) await dealer.send(Buffer.alloc(bodyBytes));
    for await (const _ of dealer) {
      calls++;
      await dealer.send(Buffer.allocUnsafe(bodyBytes));
    }
  })().catch(() => {});
  return {
    calls: () => calls,
    close: async () => {
      dealer.close();
      router.close();
      await Promise.all([answering, calling]);
    },
  };
}

async function driverLoop(inFlight: number): Promise<Loop> {
  const address = '127.0.0.1';
  const session = await zeromqDriver.connect(
    {
      run: 'bench',
      process: 'bench',
      pattern: 'call',
      guarantee: 'at-most-once',
      connections: 'own',
      failover: false,
      reconnect: { minMs: 100, maxMs: 5000 },
      seed: 1,
      endpoint: { address, choice: 'round-robin', highWaterMark: 1000, ioThreads: 1 },
    },
    AbortSignal.timeout(5000),
  );
  const signal = AbortSignal.timeout(5000);
  const serverPeer = { index: 0, name: 'server', site: 0, topic: 0, subscriber: 0 };
  let receiver: Receiver | null = null;
  const server = {
    message: (body: Buffer, _: boolean, context: unknown) => receiver?.reply(context, body),
    connection: () => {},
    hindered: () => {},
  };
  receiver = await session.openReceiver(serverPeer, server, signal);
  const { port = 0 } = session.announcements()[0] ?? {};
  const entry = { server: 0, topic: 0, subscriber: 0, distance: 0, address, port };
  const clientPeer = { index: 0, name: 'client', site: 0, topic: 0, server: null };
  let calls = 0;
  let sender: Sender | null = null;
  const header = emptyHeader();
  const call = (): void => {
    const body = Buffer.allocUnsafe(bodyBytes);
    writeRequest(body, header);
    sender?.send(body, 0);
  };
  const client = {
    writable: () => {},
    accepted: () => {},
    refused: () => {},
    tooLarge: () => {},
    hindered: () => {},
    connection: () => {},
    probeReturned: () => {},
    reply: () => {
      calls++;
      call();
    },
  };
  sender = await session.openSender(clientPeer, { proxy: null, servers: [entry] }, client, signal);
  for (let i = 0; i < inFlight; i++) call();
  return { calls: () => calls, close: async () => session[Symbol.asyncDispose]() };
}
