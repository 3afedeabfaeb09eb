import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import rhea, { type Connection, type EventContext, type Source } from 'rhea';
import type { Receiver, Sender } from '../agents/drivers/driver.ts';
import type { RheaEndpoint } from '../agents/drivers/rhea/endpoint.ts';
import { rheaDriver } from '../agents/drivers/rhea/rhea.ts';
import { emptyHeader, writeRequest } from '../agents/header.ts';
import { routerBus } from '../orchestrator/buses/router/router.ts';
import { loopback } from '../orchestrator/fabrics/loopback/loopback.ts';
import { ResourceStack } from '../orchestrator/processes/resource-stack.ts';
import { loadScenario } from '../orchestrator/read/scenario.ts';
import { cellsOf, type Loop, measure, medianOf, type Sample } from './loop.ts';
import type { BenchTable } from './table.ts';

const bodyBytes = 1024;
const inFlight = 100;
const warmUpMs = 500;
const rounds = 5;

type Url = { readonly host: string; readonly port: number };
type Guarantee = 'at-most-once' | 'at-least-once';

/** CPU per 1 KiB call through one real router, both ends in this process: our driver against rhea as it comes. */
export async function benchRhea(): Promise<BenchTable> {
  const sets = ['sites=[bench]', 'links.constraints=[]'];
  const { scenario: loaded } = await loadScenario('router-mesh', sets);
  const { bus: spec } = loaded;
  if (spec.type !== 'router') throw new Error(`router-mesh has a bus of type ${spec.type}`);
  const scenario = { ...loaded, bus: spec };
  const lacks = await routerBus.available(spec);
  if (lacks) throw new Error(`${lacks.missing}. ${lacks.hint}`);
  await using stack = new ResourceStack();
  const scratch = await mkdtemp(join(tmpdir(), 'busbench-bench-'));
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  const run = { runId: `bench${process.pid}`, scratch, logs: scratch };
  const signal = AbortSignal.timeout(120_000);
  const fabric = stack.use(await loopback.make({ sites: scenario.sites, links: [] }, run, signal));
  const bus = stack.use(await routerBus.deploy(scenario, fabric, run, signal));
  const [host] = fabric.hosts;
  if (!host) throw new Error('a fabric without hosts');
  const place = { name: 'bench', index: 0, host, clients: [], servers: [] };
  const { driver, endpoint } = await bus.endpoint(place);
  if (driver !== 'rhea') throw new Error(`a bus for ${driver}`);
  const [url] = endpoint.servers;
  if (url === undefined) throw new Error('a bus without routers');
  const paths: readonly (readonly [name: string, start: () => Promise<Loop>])[] = [
    ['plain rhea loop, pre-settled', () => plainLoop(url, 'at-most-once')],
    ['rhea driver, at most once', () => driverLoop(endpoint, 'at-most-once')],
    ['plain rhea loop, unsettled', () => plainLoop(url, 'at-least-once')],
    ['rhea driver, at least once', () => driverLoop(endpoint, 'at-least-once')],
  ];
  const samples = paths.map((): Sample[] => []);
  // Alternating, so that what else the machine does falls on all alike.
  for (let round = 0; round < rounds; round++) {
    for (const [i, [, start]] of paths.entries()) samples[i]?.push(await measure(start, warmUpMs));
  }
  const node = bus.nodes[0];
  return {
    title: `rhea, ${inFlight} calls in flight, ${bodyBytes} B, both ends in one process, router ${node?.version}`,
    columns: ['path', 'CPU µs/call', 'calls/s'],
    rows: paths.map(([name], i) => [name, ...cellsOf(medianOf(samples[i] ?? []))]),
  };
}

/** The shortest program over rhea that does the same: its own codec, an anonymous reply link. */
async function plainLoop(url: Url, guarantee: Guarantee): Promise<Loop> {
  const address = 'openstack.org/om/rpc/anycast/plain/topic';
  const mode = guarantee === 'at-most-once' ? 1 : 0;
  const body = rhea.message.data_section(Buffer.alloc(bodyBytes));
  const server = await opened(url);
  const replies = server.open_sender({ target: {} as Source, snd_settle_mode: mode });
  const requests = server.open_receiver({ source: { address }, credit_window: 100 });
  requests.on('message', ({ message }: EventContext) => {
    replies.send({ to: message?.reply_to ?? '', body: message?.body });
  });
  const client = await opened(url);
  const answers = client.open_receiver({ source: { dynamic: true } as Source });
  const calling = client.open_sender({ target: { address }, snd_settle_mode: mode });
  let calls = 0;
  let open = 0;
  const call = (): void => {
    const { address: reply_to } = answers.source as { readonly address: string };
    for (; open < inFlight && calling.sendable(); open++) calling.send({ reply_to, body });
  };
  calling.on('sendable', call);
  answers.on('message', () => {
    calls++;
    open--;
    call();
  });
  return {
    calls: () => calls,
    close: async () => {
      client.close();
      server.close();
      await sleep(50);
    },
  };
}

async function opened({ host, port }: Url): Promise<Connection> {
  const connection = rhea
    .create_container()
    .connect({ host, port, username: 'anonymous', reconnect: false });
  // Closed in the middle of a hundred calls, it hears of frames that crossed the goodbye.
  for (const event of ['disconnected', 'connection_error', 'error']) {
    connection.on(event, () => undefined);
  }
  await new Promise((resolve) => connection.once('connection_open', resolve));
  return connection;
}

async function driverLoop(endpoint: RheaEndpoint, guarantee: Guarantee): Promise<Loop> {
  const signal = AbortSignal.timeout(5000);
  const session = await rheaDriver.connect(
    {
      run: 'bench',
      process: 'bench',
      pattern: 'call',
      guarantee,
      connections: 'own',
      failover: false,
      reconnect: { minMs: 100, maxMs: 5000 },
      seed: 1,
      endpoint,
    },
    signal,
  );
  let receiver: Receiver | null = null;
  const server = {
    message: (body: Buffer, _: boolean, context: unknown) => {
      receiver?.settle(context);
      receiver?.reply(context, body);
    },
    connection: () => {},
    hindered: () => {},
  };
  const serverPeer = { index: 0, name: 'server', site: 0, topic: 0, subscriber: 0 };
  receiver = await session.openReceiver(serverPeer, server, signal);
  let calls = 0;
  let open = 0;
  let sender: Sender | null = null;
  const header = emptyHeader();
  const call = (): void => {
    for (; open < inFlight; open++) {
      const body = Buffer.allocUnsafe(bodyBytes);
      writeRequest(body, header);
      if (sender?.send(body, calls + open) !== true) return;
    }
  };
  const client = {
    writable: call,
    accepted: () => {},
    refused: () => {},
    tooLarge: () => {},
    hindered: () => {},
    connection: () => {},
    probeReturned: () => {},
    reply: () => {
      calls++;
      open--;
      call();
    },
  };
  const clientPeer = { index: 0, name: 'client', site: 0, topic: 0, server: null };
  sender = await session.openSender(clientPeer, null, client, signal);
  call();
  return { calls: () => calls, close: async () => session[Symbol.asyncDispose]() };
}
