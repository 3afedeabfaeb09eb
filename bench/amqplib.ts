import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AmqplibEndpoint } from '../agents/drivers/amqplib/endpoint.ts';
import type { Bus } from '../orchestrator/buses/bus.ts';
import { rabbitmqBus } from '../orchestrator/buses/rabbitmq/rabbitmq.ts';
import type { Fabric, RunContext } from '../orchestrator/fabrics/fabric.ts';
import { loopback } from '../orchestrator/fabrics/loopback/loopback.ts';
import type { Attendant } from '../orchestrator/hosts/attendant.ts';
import { ResourceStack } from '../orchestrator/processes/resource-stack.ts';
import { loadScenario } from '../orchestrator/read/scenario.ts';
import { attend } from './attend.ts';

type Path = 'plain' | 'driver';

/** What `bench/amqplib-main` can be asked. */
export interface EndCalls {
  open: {
    ask: {
      readonly path: Path;
      readonly role: 'server' | 'client';
      readonly endpoint: AmqplibEndpoint;
      readonly inFlight: number;
    };
    answer: null;
  };
  usage: { ask: null; answer: { readonly calls: number; readonly cpuUs: number } };
}

const inFlight = 100;
const warmUpMs = 700;
const roundMs = 1500;
const rounds = 5;

/** Agent CPU per 1 KiB call over a real broker, both ends: our driver against a plain loop over the same library. */
export async function benchAmqplib(): Promise<{
  title: string;
  columns: string[];
  rows: string[][];
}> {
  const { scenario: loaded } = await loadScenario('rabbitmq-single', []);
  const { bus: spec } = loaded;
  if (spec.type !== 'rabbitmq') throw new Error(`rabbitmq-single has a bus of type ${spec.type}`);
  const scenario = { ...loaded, bus: spec };
  const lacks = await rabbitmqBus.available(spec);
  if (lacks) throw new Error(`${lacks.missing}. ${lacks.hint}`);
  await using stack = new ResourceStack();
  const scratch = await mkdtemp(join(tmpdir(), 'busbench-bench-'));
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  const run = { runId: `bench${process.pid}`, scratch, logs: scratch };
  const signal = AbortSignal.timeout(120_000);
  const fabric = stack.use(await loopback.make({ sites: scenario.sites, links: [] }, run, signal));
  const bus = stack.use(await rabbitmqBus.deploy(scenario, fabric, run, signal));
  const seen: Record<Path, Sample[]> = { plain: [], driver: [] };
  // Alternating, so that what else the machine does falls on both alike.
  for (let round = 0; round < rounds; round++) {
    for (const path of ['plain', 'driver'] as const) {
      seen[path].push(await measure(path, bus, fabric, run));
    }
  }
  const plain = median(seen.plain.map(({ cpuUs }) => cpuUs));
  const row = (name: string, samples: readonly Sample[]): string[] => {
    const cpuUs = median(samples.map((sample) => sample.cpuUs));
    const perSecond = median(samples.map((sample) => sample.perSecond));
    return [name, cpuUs.toFixed(1), (cpuUs / plain).toFixed(2), perSecond.toFixed(0)];
  };
  return {
    title: `amqplib, ${inFlight} calls in flight, 1024 B, one client and one server process, RabbitMQ ${bus.nodes[0]?.version}`,
    columns: ['path', 'CPU µs/call', 'of plain', 'calls/s'],
    rows: [row('plain amqplib loop', seen.plain), row('amqplib driver', seen.driver)],
  };
}

interface Sample {
  readonly cpuUs: number;
  readonly perSecond: number;
}

async function measure(path: Path, bus: Bus, fabric: Fabric, run: RunContext): Promise<Sample> {
  const [host] = fabric.hosts;
  if (!host) throw new Error('a fabric without hosts');
  await using ends = new ResourceStack();
  const lines: Attendant<EndCalls>[] = [];
  for (const [index, role] of (['server', 'client'] as const).entries()) {
    const log = join(run.logs, `${role}.log`);
    const end = await attend<EndCalls>(ends, host, 'bench/amqplib-main', log);
    const peers = { name: role, index, host, clients: [], servers: [] };
    const { driver, endpoint } = await bus.endpoint(peers);
    if (driver !== 'amqplib') throw new Error(`a bus for ${driver}`);
    await end.ask('open', { path, role, endpoint, inFlight });
    lines.push(end);
  }
  await sleep(warmUpMs);
  const before = await usage(lines);
  const startMs = performance.now();
  await sleep(roundMs);
  const after = await usage(lines);
  const seconds = (performance.now() - startMs) / 1000;
  const calls = after.calls - before.calls;
  return { cpuUs: (after.cpuUs - before.cpuUs) / calls, perSecond: calls / seconds };
}

/** Both ends together; only the client counts calls. */
async function usage(
  lines: readonly Attendant<EndCalls>[],
): Promise<{ readonly calls: number; readonly cpuUs: number }> {
  const ends = await Promise.all(lines.map((line) => line.ask('usage', null)));
  return {
    calls: Math.max(...ends.map(({ calls }) => calls)),
    cpuUs: ends.reduce((sum, { cpuUs }) => sum + cpuUs, 0),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
