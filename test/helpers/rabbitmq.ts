import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '../../orchestrator/buses/bus.ts';
import { rabbitmqBus } from '../../orchestrator/buses/rabbitmq.ts';
import type { Fabric } from '../../orchestrator/fabrics/fabric.ts';
import { loopback } from '../../orchestrator/fabrics/loopback.ts';
import { ResourceStack } from '../../orchestrator/resource-stack.ts';
import { parseScenario } from '../../orchestrator/scenario.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';

/** Why tests on a real broker cannot run here, or null. */
export const rabbitmqMissing: string | null = await missing();

async function missing(): Promise<string | null> {
  const lacks = await rabbitmqBus.available({ type: 'rabbitmq', nodes: [], options: {} });
  return lacks === null ? null : `${lacks.missing}. ${lacks.mend}`;
}

export interface Deployed extends AsyncDisposable {
  readonly scenario: ResolvedScenario;
  readonly fabric: Fabric;
  readonly bus: Bus;
  readonly runId: string;
  /** Everything the run may write is below. */
  readonly scratch: string;
}

/** A real RabbitMQ on the loopback fabric for the scenario in `yaml`; removed when disposed. */
export async function deployRabbitmq(yaml: string, signal: AbortSignal): Promise<Deployed> {
  const { scenario } = await parseScenario(yaml, 'test.yaml', []);
  const scratch = await mkdtemp(join(tmpdir(), 'busbench-test-'));
  const runId = `t${randomBytes(4).toString('hex')}`;
  const run = { runId, scratch, logs: join(scratch, 'logs') };
  const stack = new ResourceStack();
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  try {
    await mkdir(run.logs);
    const { sites, links } = scenario;
    const fabric = stack.use(await loopback.make({ sites, links }, run, signal));
    const bus = stack.use(await rabbitmqBus.deploy(scenario, fabric, run, signal));
    const dispose = (): Promise<void> => stack[Symbol.asyncDispose]();
    return { scenario, fabric, bus, runId, scratch, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** A scenario of one pattern on one node, with what matters filled in. */
export function singleNode(bus: string, more = ''): string {
  return `
schema: busbench/scenario/1
name: test
sites: [paris]
bus: { type: rabbitmq, nodes: [paris]${bus === '' ? '' : `, ${bus}`} }
servers: { count: 2 }
clients: { count: 2 }
workload: { pattern: call, pace: { rate: 100/s }, body: 256, timeout: 1s }
phases: { warmup: 1s, measure: 1s, drain: 1s }
${more}`;
}
