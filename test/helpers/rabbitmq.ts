import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RabbitmqBus } from '../../orchestrator/buses/rabbitmq/bus.ts';
import { deployCluster } from '../../orchestrator/buses/rabbitmq/deploy.ts';
import { rabbitmqBus } from '../../orchestrator/buses/rabbitmq/rabbitmq.ts';
import { withUnshapedLinks } from '../../orchestrator/buses/rabbitmq/unshaped-links.ts';
import type { Fabric } from '../../orchestrator/fabrics/fabric.ts';
import { loopback } from '../../orchestrator/fabrics/loopback/loopback.ts';
import { ResourceStack } from '../../orchestrator/processes/resource-stack.ts';
import { parseScenario } from '../../orchestrator/read/scenario.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { busWith, ofType } from './buses.ts';

/** Why tests on a real broker cannot run here, or null. */
export const rabbitmqMissing: string | null = await missing();

async function missing(): Promise<string | null> {
  const lacks = await rabbitmqBus.available(busWith('rabbitmq', {}, ['paris']));
  return lacks === null ? null : `${lacks.missing}. ${lacks.hint}`;
}

export interface Deployed extends AsyncDisposable {
  readonly scenario: ResolvedScenario;
  readonly fabric: Fabric;
  readonly bus: RabbitmqBus;
  /** Everything the run may write is below. */
  readonly scratch: string;
  /** Another run on the same nodes: names under `busbench.<runId>.`, a scenario of its own. */
  variant(runId: string, yaml: string, sets: readonly string[]): Promise<RabbitmqBus>;
}

/** Whether mirrored queues are to be had: 4.0 removed them. */
export const mirroredQueues: boolean =
  Number.parseInt((await rabbitmqBus.found?.()) ?? '0', 10) < 4;

/**
 * A real RabbitMQ on the loopback fabric for the scenario in `yaml`; removed when disposed. `patience` is for its start,
 * not for its life.
 */
export async function deployRabbitmq(yaml: string, patience: AbortSignal): Promise<Deployed> {
  const life = new AbortController();
  const late = (): void => life.abort(patience.reason);
  patience.addEventListener('abort', late);
  const { signal } = life;
  const scenario = ofType('rabbitmq', (await parseScenario(yaml, 'test.yaml', [])).scenario);
  const scratch = await mkdtemp(join(tmpdir(), 'busbench-test-'));
  const run = { runId: `t${randomBytes(4).toString('hex')}`, scratch, logs: join(scratch, 'logs') };
  const stack = new ResourceStack();
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  try {
    await mkdir(run.logs);
    const { sites, links } = scenario;
    const fabric = stack.use(await loopback.make({ sites, links }, run, signal));
    const context = { scenario, options: scenario.bus.options, fabric, run, stack, signal };
    const cluster = await withUnshapedLinks(fabric, links, () => deployCluster(context));
    const bus = new RabbitmqBus(context, cluster);
    await bus.prepare(performance.now(), signal);
    patience.removeEventListener('abort', late);
    return {
      scenario,
      fabric,
      bus,
      scratch,
      async variant(runId, other, sets) {
        const { scenario: parsed } = await parseScenario(other, 'variant.yaml', sets);
        const changed = ofType('rabbitmq', parsed);
        const { options } = changed.bus;
        const its = { ...context, scenario: changed, options, run: { ...run, runId } };
        const made = new RabbitmqBus({ ...its, stack: new ResourceStack() }, cluster);
        await withUnshapedLinks(fabric, links, () => made.prepare(performance.now(), signal));
        return made;
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
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
