import type { RttSample } from '../reports/evidence.ts';
import type { ResolvedScenario } from '../topologies/scenario.ts';
import type { Bus, BusDeployer } from './buses/bus.ts';
import { busDeployers } from './buses/registry.ts';
import { UsageError } from './errors.ts';
import type { Fabric, FabricMaker, RunContext } from './fabrics/fabric.ts';
import { fabricMakers } from './fabrics/registry.ts';
import { ResourceStack } from './resource-stack.ts';

/** A fabric with a bus on it: what `run` makes for one bench, and `deploy` for many. */
export interface Deployment extends AsyncDisposable {
  readonly fabric: Fabric;
  readonly bus: Bus;
  /** Idle round trips of the fabric before any bus traffic. */
  readonly idle: readonly RttSample[];
}

/** RTT probes a pair, before and after a run. */
export const rttProbes = 200;

/** Makes the fabric, measures it idle, deploys the bus; on failure removes what it had made. */
export async function deploy(
  scenario: ResolvedScenario,
  context: RunContext,
  onStep: (step: string) => void,
  signal: AbortSignal,
): Promise<Deployment> {
  const maker = await fabricMaker(scenario);
  const deployer = await busDeployer(scenario);
  await refuseUnavailable(scenario, maker, deployer);
  const stack = new ResourceStack();
  try {
    onStep(`fabric ${scenario.fabric}`);
    const topology = { sites: scenario.sites, links: scenario.links };
    const fabric = stack.use(await maker.make(topology, context, signal));
    onStep('measuring the idle links');
    const idle = await fabric.measure(rttProbes, signal);
    onStep(`bus ${scenario.bus.type}`);
    const bus = stack.use(await deployer.deploy(scenario, fabric, context, signal));
    return { fabric, bus, idle, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

async function fabricMaker(scenario: ResolvedScenario): Promise<FabricMaker> {
  const load = fabricMakers[scenario.fabric];
  if (load) return load();
  throw notInBuild(`fabric ${scenario.fabric}`);
}

async function busDeployer(scenario: ResolvedScenario): Promise<BusDeployer> {
  const load = busDeployers[scenario.bus.type];
  if (load) return load();
  throw notInBuild(`bus type ${scenario.bus.type}`);
}

function notInBuild(what: string): UsageError {
  return new UsageError(
    'NOT_AVAILABLE',
    `${what} is not part of this build`,
    'See `busbench check`.',
  );
}

async function refuseUnavailable(
  scenario: ResolvedScenario,
  maker: FabricMaker,
  deployer: BusDeployer,
): Promise<void> {
  const lacks = (await maker.available()) ?? (await deployer.available(scenario.bus));
  if (!lacks) return;
  throw new UsageError('NOT_AVAILABLE', `this machine cannot run it: ${lacks.missing}`, lacks.mend);
}
