import { nowUs } from '../../../agents/clock.ts';
import type { RouterOptions } from '../../../topologies/buses/router.ts';
import type { ScenarioWith } from '../../../topologies/scenario.ts';
import type { Fabric, RunContext } from '../../fabrics/fabric.ts';
import type { Host } from '../../hosts/host.ts';
import { ResourceStack } from '../../processes/resource-stack.ts';
import type { Bus } from '../bus.ts';
import { RouterBus } from './bus.ts';
import { type Connector, routerConfig } from './config.ts';
import { planMesh, type RouterPlan } from './layout.ts';
import { type Management, startManagement } from './management.ts';
import { waitConverged } from './mesh.ts';
import { logFileOf, RouterNode } from './node.ts';
import { findPrograms } from './program.ts';

/** Starts the routers one after the other, so that every connector finds its listener, and waits for the mesh. */
export async function deployRouters(
  scenario: ScenarioWith<'router'>,
  fabric: Fabric,
  run: RunContext,
  signal: AbortSignal,
): Promise<Bus> {
  const { options } = scenario.bus;
  const mesh = planMesh(scenario.bus, scenario.links);
  const resources = new ResourceStack();
  try {
    const nodes = await placeRouters(mesh.routers, options, fabric, run, resources, signal);
    const rejoin = (joining: AbortSignal): Promise<void> =>
      waitConverged(nodes, mesh.interior, joining);
    const startedUs = nowUs();
    for (const node of nodes) {
      node.onRejoin(rejoin);
      await launch(node, nodes, options, fabric, signal);
    }
    const launchedUs = nowUs();
    await rejoin(signal);
    const readyUs = nowUs();
    return new RouterBus(scenario, options, fabric, run.runId, nodes, resources, {
      readyMs: (readyUs - startedUs) / 1e3,
      convergedMs: (readyUs - launchedUs) / 1e3,
    });
  } catch (error) {
    await resources[Symbol.asyncDispose]();
    throw error;
  }
}

/** Hosts, programs, management and ports; starts no router yet. */
async function placeRouters(
  routers: readonly RouterPlan[],
  options: RouterOptions,
  fabric: Fabric,
  run: RunContext,
  resources: ResourceStack,
  signal: AbortSignal,
): Promise<readonly RouterNode[]> {
  const hosts = routers.map((plan, i) => hostOf(plan, routers.slice(0, i), fabric.hosts));
  const searchLog = logFileOf(run.logs, 'router-search');
  const programs = await findPrograms(hosts, options.program, searchLog);
  const managements = new Map<Host, Management>();
  const nodes: RouterNode[] = [];
  for (const [i, plan] of routers.entries()) {
    const host = hosts[i];
    const program = host && programs.get(host);
    if (host === undefined || program === undefined) throw new Error(`no place for ${plan.name}`);
    const management =
      managements.get(host) ??
      resources.use(await startManagement(host, logFileOf(run.logs, `management.${host.name}`)));
    managements.set(host, management);
    const ask = { address: host.address, count: 3 };
    const [normal = 0, interRouter = 0, edge = 0] = await management.ask('ports', ask, { signal });
    const node = new RouterNode(plan, {
      host,
      management,
      ports: { normal, 'inter-router': interRouter, edge },
      programPath: program.path,
      logFile: logFileOf(run.logs, plan.name),
    });
    resources.defer(() => node.stop());
    nodes.push(node);
  }
  return nodes;
}

/** The n-th router of a site goes to its n-th host, round robin. */
function hostOf(router: RouterPlan, before: readonly RouterPlan[], hosts: readonly Host[]): Host {
  const here = hosts.filter((host) => host.site === router.site);
  const nth = before.filter((other) => other.site === router.site).length;
  const host = here[nth % here.length];
  if (host === undefined) throw new Error(`no host at ${router.site} for ${router.name}`);
  return host;
}

async function launch(
  node: RouterNode,
  nodes: readonly RouterNode[],
  options: RouterOptions,
  fabric: Fabric,
  signal: AbortSignal,
): Promise<void> {
  const { plan, host, ports } = node;
  const connectors: Connector[] = [];
  for (const { to, cost } of plan.dials) {
    const target = nodes.find((other) => other.name === to);
    if (target === undefined) throw new Error(`${plan.name} dials ${to}, which is no router`);
    const role = plan.mode === 'edge' ? 'edge' : 'inter-router';
    const { address, port } = await fabric.route(host, target.host, target.ports[role]);
    connectors.push({ to, address, port, cost });
  }
  const listening = {
    normal: ports.normal,
    'inter-router': plan.accepts.includes('inter-router') ? ports['inter-router'] : null,
    edge: plan.accepts.includes('edge') ? ports.edge : null,
  };
  const router = { ...plan, address: host.address, ports: listening, connectors };
  await node.launch(routerConfig(router, options), signal);
}
