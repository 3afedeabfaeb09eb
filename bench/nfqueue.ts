import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../orchestrator/fabrics/echo.ts';
import type { EchoCalls } from '../orchestrator/fabrics/echo-protocol.ts';
import type { Endpoint, Fabric } from '../orchestrator/fabrics/fabric.ts';
import { namespaces } from '../orchestrator/fabrics/namespaces/namespaces.ts';
import type { Attendant } from '../orchestrator/hosts/attendant.ts';
import type { Calls } from '../orchestrator/hosts/calls.ts';
import type { Host } from '../orchestrator/hosts/host.ts';
import { ResourceStack } from '../orchestrator/processes/resource-stack.ts';
import type { LinkShape } from '../topologies/topology.ts';
import { attend } from './attend.ts';
import type { FloodCalls } from './relay.ts';

const delaysMs = [0, 5, 10, 50, 150];
const probesPerSecond = 500;
/** One stolen time slice spoils one segment only: medians are taken over segments of a second. */
const segments = 6;
const packetRates = [1_000, 10_000, 50_000, 100_000];
const packetBytes = 200;
const packetSeconds = 3;
const floodSeconds = 2;
const perfect: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };

type Row = readonly string[];

/** What is measured on, and what it left to be removed. */
interface Bench {
  readonly fabric: Fabric;
  readonly a: Host;
  readonly b: Host;
  readonly log: string;
  readonly resources: ResourceStack;
}

/** How much the packet engine adds to the delay it was asked for, and how many packets and bytes it carries. */
export async function benchNfqueue(): Promise<{
  readonly title: string;
  readonly columns: Row;
  readonly rows: readonly Row[];
}> {
  const base = await mkdtemp(join(tmpdir(), 'busbench-bench-'));
  const resources = new ResourceStack();
  resources.defer(() => rm(base, { recursive: true, force: true }));
  try {
    const sites = ['a', 'b'].map((name) => ({ name, hosts: [] }));
    const links = [
      { from: 'a', to: 'b', ...perfect },
      { from: 'b', to: 'a', ...perfect },
    ];
    const run = { runId: `bench${process.pid}`, scratch: join(base, 's'), logs: join(base, 'l') };
    const fabric = resources.use(
      await namespaces.make({ sites, links }, run, new AbortController().signal),
    );
    const [a, b] = fabric.hosts;
    if (a === undefined || b === undefined) throw new Error('a fabric without hosts');
    const bench = { fabric, a, b, log: join(base, 'bench.log'), resources };
    const { backEnd, engineRealTime } = fabric.environment;
    return {
      title: `${backEnd} (real-time: ${engineRealTime}): round trip beyond twice the delay (ms), packets and bytes carried`,
      columns: ['path', 'p50', 'p99', 'engine CPU'],
      rows: [...(await roundTrips(bench)), ...(await packets(bench)), ...(await throughput(bench))],
    };
  } finally {
    await resources[Symbol.asyncDispose]();
  }
}

async function roundTrips(bench: Bench): Promise<readonly Row[]> {
  const { fabric, a, b } = bench;
  const program = 'orchestrator/fabrics/echo-main';
  const server = await attendantOf<EchoCalls>(bench, b, program, true);
  const prober = await attendantOf<EchoCalls>(bench, a, program, true);
  const probe = async (target: Endpoint): Promise<number[]> => {
    const [answer] = await prober.ask('probeDatagrams', {
      targets: [target],
      probes: probesPerSecond,
      warmUps: 20,
      probesPerSecond,
      stragglersMs: 1_000,
    });
    return (answer?.rttsUs ?? []).toSorted((x, y) => x - y);
  };
  const address = { address: b.address, datagrams: true };
  const far = { address: b.address, port: await server.ask('serve', address) };
  const near = {
    address: a.address,
    port: await prober.ask('serve', { address: a.address, datagrams: true }),
  };
  const row = async (name: string, target: Endpoint, delayMs: number): Promise<Row> => {
    await fabric.shape('a', 'b', { delayMs });
    await fabric.shape('b', 'a', { delayMs });
    const cpu = await engineCpu(fabric);
    const found: (readonly [number, number])[] = [];
    for (let i = 0; i < segments; i++) {
      const rttsUs = await probe(target);
      found.push([quantile(rttsUs, 0.5), quantile(rttsUs, 0.99)]);
    }
    const error = (index: 0 | 1): string =>
      beyond(median(found.map((pair) => pair[index])) - 2e3 * delayMs);
    return [name, error(0), error(1), await cpu()];
  };
  const rows = [await row('inside one site, no engine', near, 0)];
  for (const delayMs of delaysMs) {
    rows.push(await row(`${delayMs} ms each way, ${probesPerSecond} datagrams/s`, far, delayMs));
  }
  return rows;
}

/**
 * iperf3 offers packets at a rate; what was sent, what of it was lost and how late the engine was tell whether it kept
 * up. The time is the sender's: the receiver's lasts a round trip longer, until it hears that the sender is done.
 */
async function packets({ fabric, a, b, log }: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // With the usual receive buffer it is the receiver that loses packets.
  const mostBuffer = (await readFile('/proc/sys/net/core/rmem_max', 'utf8')).trim();
  await fabric.shape('a', 'b', { delayMs: 10 });
  await fabric.shape('b', 'a', { delayMs: 10 });
  for (const rate of packetRates) {
    const server = await b.spawn(['iperf3', '-s', '-1'], { stdio: 'log', logFile: log });
    await sleep(500);
    await fabric.troubles();
    const cpu = await engineCpu(fabric);
    const bits = rate * packetBytes * 8;
    const command = ['iperf3', '-J', '-u', '-c', b.address, '-b', `${bits}`];
    const options = ['-l', `${packetBytes}`, '-t', `${packetSeconds}`, '-w', mostBuffer];
    const output = await a.run([...command, ...options], {
      stdio: 'pipe',
      logFile: log,
      timeoutMs: 30_000,
    });
    const share = await cpu();
    const { sum, sum_sent: sent } = JSON.parse(output).end;
    const perSecond = (sum.packets - sum.lost_packets) / sent.seconds;
    const lost = `${sum.lost_packets} of ${sum.packets} lost`;
    const troubles = (await fabric.troubles()).map(({ code }) => code).join(' ');
    rows.push([
      `${rate} packets/s of ${packetBytes} bytes offered, 10 ms`,
      `${perSecond.toFixed(0)}/s`,
      troubles === '' ? lost : `${lost} ${troubles}`,
      share,
    ]);
    await server.end(1_000);
  }
  return rows;
}

async function throughput(bench: Bench): Promise<readonly Row[]> {
  const { fabric, a, b } = bench;
  const source = await attendantOf<FloodCalls>(bench, b, 'bench/flood-main');
  const sink = await attendantOf<FloodCalls>(bench, a, 'bench/flood-main');
  const port = await source.ask('pour', { address: b.address });
  const rows: Row[] = [];
  const shapes = [
    { name: 'whole segments', lossPercent: 0 },
    { name: 'packets of 1500 bytes', lossPercent: 1e-9 },
  ];
  for (const { name, lossPercent } of shapes) {
    for (const delayMs of [0, 10]) {
      await fabric.shape('a', 'b', { delayMs, lossPercent });
      await fabric.shape('b', 'a', { delayMs, lossPercent });
      await sink.ask('take', { target: { address: b.address, port }, streams: 8 });
      await sleep(1_000);
      const cpu = await engineCpu(fabric);
      const startMs = performance.now();
      const before = await sink.ask('taken', null);
      await sleep(floodSeconds * 1e3);
      const bytes = (await sink.ask('taken', null)) - before;
      const gigabits = (bytes * 8) / (performance.now() - startMs) / 1e6;
      const path = `TCP, 8 streams, ${name}, ${delayMs} ms each way`;
      rows.push([path, `${gigabits.toFixed(2)} Gbit/s`, '', await cpu()]);
      await sink.ask('stop', null);
      await sleep(500);
    }
  }
  return rows;
}

/**
 * Makes the main thread of a process real-time, so that a busy machine delays neither whom we measure nor who
 * measures. Never the whole process: its threads would spin for one another and nobody else would run.
 */
async function putAhead(host: Host, pid: number, logFile: string): Promise<void> {
  const command = ['chrt', '--fifo', '--pid', '5', `${pid}`];
  await host.run(command, { stdio: 'pipe', logFile, timeoutMs: 5_000 });
}

async function attendantOf<C extends Calls<C>>(
  { log, resources }: Bench,
  host: Host,
  program: string,
  ahead = false,
): Promise<Attendant<C>> {
  const flags = ahead ? ['--single-threaded'] : [];
  const helper = await attend<C>(resources, host, program, log, ...flags);
  if (ahead) await putAhead(host, helper.process.pid, log);
  return helper;
}

/** CPU of the engine from the call to the returned function's, as a share of one core. */
async function engineCpu(fabric: Fabric): Promise<() => Promise<string>> {
  const [engine] = fabric.processes;
  const seconds = async (): Promise<number> =>
    (await engine?.host.sample([engine.process.pid]))?.[0]?.cpuSeconds ?? Number.NaN;
  const before = await seconds();
  const startMs = performance.now();
  return async () => {
    const share = (((await seconds()) - before) * 1e3) / (performance.now() - startMs);
    return `${(share * 100).toFixed(0)} %`;
  };
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((x, y) => x - y),
    0.5,
  );
}

function beyond(us: number): string {
  return `${us < 0 ? '' : '+'}${(us / 1e3).toFixed(3)}`;
}
