import { join } from 'node:path';
import type { ResolvedScenario } from '../topologies/scenario.ts';
import type { Bus } from './buses/bus.ts';
import { busDeployer } from './buses/registry.ts';
import { UsageError } from './errors.ts';
import type { Fabric, FabricMaker, RunContext } from './fabrics/fabric.ts';
import { fabricMakers } from './fabrics/registry.ts';
import type { Host } from './hosts/host.ts';
import { premisesOf } from './hosts/premises.ts';
import { ResourceStack } from './processes/resource-stack.ts';

/** A fabric with a bus on it: what `run` makes for one bench, and `deploy` for many. */
export interface Deployment {
  readonly fabric: Fabric;
  readonly bus: Bus;
}

/** Where a deployment writes, whom it tells, and what ends it early. */
export interface DeployOptions {
  readonly context: RunContext;
  readonly onStep: (step: string) => void;
  readonly stop: AbortSignal;
}

/** Makes the fabric, deploys the bus on it; on failure removes what it had made. */
export async function deploy(
  scenario: ResolvedScenario,
  options: DeployOptions,
): Promise<Deployment & AsyncDisposable> {
  await refuseUnavailable(scenario);
  const stack = new ResourceStack();
  try {
    const fabric = stack.use(await makeFabric(scenario, options));
    const bus = stack.use(await deployBus(scenario, fabric, options));
    return { fabric, bus, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

/** The fabric of a scenario, alone. */
export async function makeFabric(
  scenario: ResolvedScenario,
  { context, onStep, stop }: DeployOptions,
): Promise<Fabric> {
  onStep(`fabric ${scenario.fabric}`);
  const maker = await fabricMaker(scenario);
  const { sites, links, seed } = scenario;
  return maker.make({ sites, links }, { ...context, seed }, stop);
}

/** The bus of a scenario, on a fabric that stands. */
export async function deployBus(
  scenario: ResolvedScenario,
  fabric: Fabric,
  { context, onStep, stop }: DeployOptions,
): Promise<Bus> {
  onStep(`bus ${scenario.bus.type}`);
  await refuseUnavailableHosts(scenario, fabric, context);
  const deployer = await busDeployer(scenario.bus.type);
  return deployer.deploy(scenario, fabric, context, stop);
}

/** Throws NOT_AVAILABLE, before anything is started, when this machine lacks what the scenario needs. */
export async function refuseUnavailable(scenario: ResolvedScenario): Promise<void> {
  const maker = await fabricMaker(scenario);
  const deployer = await busDeployer(scenario.bus.type);
  const lacks =
    (await maker.available()) ??
    (maker.elsewhere === true ? null : await deployer.available(scenario.bus));
  if (!lacks) return;
  throw new UsageError('NOT_AVAILABLE', `this machine cannot run it: ${lacks.missing}`, lacks.hint);
}

/** Throws NOT_AVAILABLE, before anything is started there, when other machines lack what the bus needs on them. */
async function refuseUnavailableHosts(
  scenario: ResolvedScenario,
  fabric: Fabric,
  { logs }: RunContext,
): Promise<void> {
  const maker = await fabricMaker(scenario);
  if (maker.elsewhere !== true) return;
  const lacking = await lacksOf(scenario, fabric.hosts, logs);
  if (lacking.length === 0) return;
  const lines = lacking.map(({ host, missing }) => `${host}: ${missing}`);
  const hints = [...new Set(lacking.map(({ hint }) => hint))];
  throw new UsageError(
    'NOT_AVAILABLE',
    `not every machine can run it:\n${lines.join('\n')}`,
    hints.join('\n  '),
  );
}

/** What each host lacks for the bus: those with a node of it, or all where it has none. */
export async function lacksOf(
  { bus }: ResolvedScenario,
  hosts: readonly Host[],
  logs: string,
): Promise<readonly { readonly host: string; readonly missing: string; readonly hint: string }[]> {
  const deployer = await busDeployer(bus.type);
  const concerned = hosts.filter(({ site }) => bus.nodes.length === 0 || bus.nodes.includes(site));
  const found = await Promise.all(
    concerned.map(async (host) => {
      const lacks = await deployer.available(
        bus,
        premisesOf(host, join(logs, `host.${host.name}.log`)),
      );
      return lacks === null ? [] : [{ host: host.name, ...lacks }];
    }),
  );
  return found.flat();
}

/** Throws NOT_AVAILABLE when the bus found on this machine is of a version that cannot serve the scenario. */
export async function refuseUnfit(scenario: ResolvedScenario): Promise<void> {
  if ((await fabricMaker(scenario)).elsewhere === true) return;
  const deployer = await busDeployer(scenario.bus.type);
  const lacks = (await deployer.unfit?.(scenario.bus)) ?? null;
  if (!lacks) return;
  throw new UsageError('NOT_AVAILABLE', `this machine cannot run it: ${lacks.missing}`, lacks.hint);
}

async function fabricMaker(scenario: ResolvedScenario): Promise<FabricMaker> {
  const load = fabricMakers[scenario.fabric];
  if (load) return load();
  throw new UsageError(
    'NOT_AVAILABLE',
    `fabric ${scenario.fabric} is not part of this build`,
    'See `busbench check`.',
  );
}
