import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../orchestrator/fabrics/echo.ts';
import type { EchoCalls } from '../orchestrator/fabrics/echo-protocol.ts';
import type { Endpoint, Fabric } from '../orchestrator/fabrics/fabric.ts';
import { loopback } from '../orchestrator/fabrics/loopback/loopback.ts';
import type { Attendant } from '../orchestrator/hosts/attendant.ts';
import type { Calls } from '../orchestrator/hosts/calls.ts';
import type { Host } from '../orchestrator/hosts/host.ts';
import { ResourceStack } from '../orchestrator/processes/resource-stack.ts';
import type { LinkShape } from '../topologies/topology.ts';
import { attend } from './attend.ts';

/** What `bench/flood-main` can be asked. */
export interface FloodCalls {
  pour: { ask: { readonly address: string }; answer: number };
  take: { ask: { readonly target: Endpoint; readonly streams: number }; answer: null };
  taken: { ask: null; answer: number };
  stop: { ask: null; answer: null };
}

const delaysMs = [0, 5, 10, 50];
const connectionCounts = [1, 200];
const messagesPerSecond = 1_000;
/** Segments of under a second, medians over them: one stolen time slice spoils one segment only. */
const segments = 4;
const messagesPerSegment = 500;
const floodSeconds = 1.5;
const perfect: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };

/** How much the relay adds to the round trip it was asked for, and how much it carries. */
export async function benchRelay(): Promise<{
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}> {
  const base = await mkdtemp(join(tmpdir(), 'busbench-bench-'));
  const topology = {
    sites: ['a', 'b'].map((name) => ({ name, hosts: [] })),
    links: [
      { from: 'a', to: 'b', ...perfect },
      { from: 'b', to: 'a', ...perfect },
    ],
  };
  const run = { runId: `bench${process.pid}`, scratch: join(base, 's'), logs: join(base, 'l') };
  await using resources = new ResourceStack();
  resources.defer(() => rm(base, { recursive: true, force: true }));
  const fabric = resources.use(await loopback.make(topology, run, new AbortController().signal));
  const start: Start = (program) => {
    const [host] = fabric.hosts;
    if (host === undefined) throw new Error('a fabric without hosts');
    return attend(resources, host, program, join(base, 'bench.log'));
  };
  return {
    title:
      'relay: round trip beyond twice the delay and a direct path (ms), throughput of one relay',
    columns: ['path', 'p50', 'p99', 'relay CPU'],
    rows: [...(await roundTrips(fabric, start)), ...(await throughput(fabric, start))],
  };
}

type Start = <C extends Calls<C>>(program: string) => Promise<Attendant<C>>;

async function roundTrips(fabric: Fabric, start: Start): Promise<string[][]> {
  const [a, b] = fabric.hosts as [Host, Host];
  const server = await start<EchoCalls>('orchestrator/fabrics/echo-main');
  const prober = await start<EchoCalls>('orchestrator/fabrics/echo-main');
  const port = await server.ask('serve', { address: b.address });
  const direct = { address: b.address, port };
  const relayed = await fabric.route(a, b, port);
  const probe = async (target: Endpoint, connections: number): Promise<number[]> => {
    const trips = await prober.ask('probe', {
      targets: Array.from({ length: connections }, () => target),
      probes: Math.ceil(messagesPerSegment / connections),
      warmUps: 1,
      probesPerSecond: messagesPerSecond,
      timeoutMs: 30_000,
    });
    return trips.flat().toSorted((x, y) => x - y);
  };
  const rows: string[][] = [];
  for (const delayMs of delaysMs) {
    await fabric.shape('a', 'b', { delayMs });
    await fabric.shape('b', 'a', { delayMs });
    for (const connections of connectionCounts) {
      const errors: [number, number][] = [];
      const cpu = await relayCpu(fabric);
      for (let i = 0; i < segments; i++) {
        const plain = await probe(direct, connections);
        const far = await probe(relayed, connections);
        const error = (share: number): number =>
          quantile(far, share) - quantile(plain, share) - 2e3 * delayMs;
        errors.push([error(0.5), error(0.99)]);
      }
      rows.push([
        `${delayMs} ms each way, ${connections} connections, ${messagesPerSecond}/s`,
        milliseconds(median(errors.map(([p50]) => p50))),
        milliseconds(median(errors.map(([, p99]) => p99))),
        await cpu(0.5),
      ]);
    }
  }
  return rows;
}

async function throughput(fabric: Fabric, start: Start): Promise<string[][]> {
  const [a, b] = fabric.hosts as [Host, Host];
  const source = await start<FloodCalls>('bench/flood-main');
  const sink = await start<FloodCalls>('bench/flood-main');
  const port = await source.ask('pour', { address: b.address });
  const target = await fabric.route(a, b, port);
  const rows: string[][] = [];
  for (const delayMs of delaysMs) {
    await fabric.shape('b', 'a', { delayMs });
    for (const streams of [1, 16]) {
      await sink.ask('take', { target, streams });
      await sleep(500);
      const cpu = await relayCpu(fabric);
      const startMs = performance.now();
      const before = await sink.ask('taken', null);
      await sleep(floodSeconds * 1e3);
      const bytes = (await sink.ask('taken', null)) - before;
      const gigabits = (bytes * 8) / (performance.now() - startMs) / 1e6;
      rows.push([
        `${delayMs} ms each way, ${streams} streams`,
        `${gigabits.toFixed(2)} Gbit/s`,
        '',
        await cpu(1),
      ]);
      await sink.ask('stop', null);
      await sleep(300);
    }
  }
  return rows;
}

/** CPU of the relay from the call to the returned function's, as a share of the time that it was in use. */
async function relayCpu(fabric: Fabric): Promise<(inUse: number) => Promise<string>> {
  const [relay] = fabric.processes;
  const seconds = async (): Promise<number> =>
    (await relay?.host.sample([relay.process.pid]))?.[0]?.cpuSeconds ?? Number.NaN;
  const before = await seconds();
  const startMs = performance.now();
  return async (inUse) => {
    const share = (((await seconds()) - before) * 1e3) / (performance.now() - startMs) / inUse;
    return `${(share * 100).toFixed(0)} %`;
  };
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((x, y) => x - y),
    0.5,
  );
}

function milliseconds(us: number): string {
  return `${us < 0 ? '' : '+'}${(us / 1e3).toFixed(2)}`;
}
