import type { BusSpec, ResolvedScenario } from '../../topologies/scenario.ts';
import { busDeployers } from '../buses/registry.ts';
import { fabricMakers } from '../fabrics/registry.ts';
import type { Findings } from './findings.ts';
import { type Path, parsePath } from './path.ts';
import type { ScenarioShape } from './scenario-shape.ts';

/** `bus:` as its type understands it; null, and reported, when it does not. */
export async function resolveBus(
  bus: ScenarioShape['bus'],
  sites: readonly string[],
  findings: Findings,
): Promise<BusSpec | null> {
  if (bus === undefined) {
    findings.taint(['bus']);
    return null;
  }
  for (const [i, site] of (bus.nodes ?? []).entries()) {
    if (site !== undefined) findings.known('site', site, sites, ['bus', 'nodes', i], ['sites']);
  }
  const load = busDeployers[bus.type];
  if (load === undefined) {
    findings.add(['bus', 'type'], `bus type ${bus.type} is not available in this build`);
    findings.taint(['bus']);
    return null;
  }
  // Without sound sites the default nodes, and what the type makes of them, would be guesses.
  if (!findings.sound(['sites'])) return null;
  const deployer = await load();
  const outcome = deployer.parse(bus, sites);
  if ('spec' in outcome) return outcome.spec;
  for (const { path, message } of outcome.mistakes) {
    findings.add(['bus', ...parsePath(path)], message);
  }
  findings.taint(['bus']);
  return null;
}

/** What the fabric and the bus type cannot do; asked only where what they would judge is sound. */
export async function refuseCombinations(
  scenario: ResolvedScenario,
  findings: Findings,
): Promise<void> {
  const report = (place: string, message: string, ...because: readonly Path[]): void => {
    findings.add(parsePath(place), message, ...because);
  };
  const loadFabric = fabricMakers[scenario.fabric];
  if (loadFabric === undefined) {
    report('fabric', `fabric ${scenario.fabric} is not available in this build`);
  } else if (findings.sound(['sites'])) {
    const fabric = await loadFabric();
    const { sites, links } = scenario;
    for (const { path, message } of fabric.refuse({ sites, links }))
      report(path, message, ['fabric']);
  }
  const loadBus = busDeployers[scenario.bus.type];
  if (loadBus === undefined || !findings.sound(['bus'], ['sites'])) return;
  const deployer = await loadBus();
  for (const { path, message } of deployer.refuse(scenario)) report(path, message);
}
