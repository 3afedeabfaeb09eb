import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '../../orchestrator/buses/bus.ts';
import { routerBus } from '../../orchestrator/buses/router/router.ts';
import type { Fabric } from '../../orchestrator/fabrics/fabric.ts';
import { loopback } from '../../orchestrator/fabrics/loopback/loopback.ts';
import { ResourceStack } from '../../orchestrator/processes/resource-stack.ts';
import { parseScenario } from '../../orchestrator/read/scenario.ts';
import type { RouterProgram } from '../../topologies/buses/router.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { busWith, ofType } from './buses.ts';

/** Why tests on each real router cannot run here, or null. */
export const routerMissing: Readonly<Record<RouterProgram, string | null>> = {
  qdrouterd: await missing('qdrouterd'),
  skrouterd: await missing('skrouterd'),
};

export const routerPrograms: readonly RouterProgram[] = ['qdrouterd', 'skrouterd'];

async function missing(program: RouterProgram): Promise<string | null> {
  const lacks = await routerBus.available(busWith('router', { program }, ['paris']));
  return lacks === null ? null : `${lacks.missing}. ${lacks.hint}`;
}

export interface DeployedRouters extends AsyncDisposable {
  readonly scenario: ResolvedScenario;
  readonly fabric: Fabric;
  readonly bus: Bus;
  readonly runId: string;
}

/** Real routers on the loopback fabric for the scenario in `yaml`; removed when disposed. */
export async function deployRouter(yaml: string, signal: AbortSignal): Promise<DeployedRouters> {
  const scenario = ofType('router', (await parseScenario(yaml, 'test.yaml', [])).scenario);
  const scratch = await mkdtemp(join(tmpdir(), 'busbench-test-'));
  const runId = `t${randomBytes(4).toString('hex')}`;
  const run = { runId, scratch, logs: join(scratch, 'logs') };
  const stack = new ResourceStack();
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  try {
    await mkdir(run.logs);
    const { sites, links } = scenario;
    const fabric = stack.use(await loopback.make({ sites, links }, run, signal));
    const bus = stack.use(await routerBus.deploy(scenario, fabric, run, signal));
    const dispose = (): Promise<void> => stack[Symbol.asyncDispose]();
    return { scenario, fabric, bus, runId, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** A scenario on routers; `bus` are options of the router bus. */
export function routerScenario(sites: string, bus: string, more = ''): string {
  return `
schema: busbench/scenario/1
name: test
sites: [${sites}]
bus: { type: router, ${bus} }
servers: { count: 2 }
clients: { count: 2 }
workload: { pattern: call, pace: { rate: 100/s }, body: 256, timeout: 1s }
phases: { warmup: 1s, measure: 1s, drain: 1s }
${more}`;
}
