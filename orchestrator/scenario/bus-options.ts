import type { BusSpec, ResolvedScenario } from '../../topologies/scenario.ts';
import { busDeployers } from '../buses/registry.ts';
import type { FabricMaker } from '../fabrics/fabric.ts';
import { fabricMakers } from '../fabrics/registry.ts';
import type { Findings } from './findings.ts';
import { presentValues, type ResolvedLinks, unimpaired } from './links.ts';
import { type Path, parsePath } from './path.ts';
import type { FaultShape, ScenarioShape } from './scenario-shape.ts';

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
    const at = message.startsWith('unknown key') ? 'key' : 'value';
    const finding = { path: ['bus', ...parsePath(path)], message, at } as const;
    if (findings.sound(finding.path)) findings.report(finding);
  }
  findings.taint(['bus']);
  return null;
}

/** What a bus lays out when it looks for what it cannot serve: without these there is nothing to lay out. */
const judgedByBus: readonly Path[] = [
  ['bus'],
  ['sites'],
  ['servers', 'count'],
  ['servers', 'placement'],
  ['clients', 'count'],
  ['clients', 'placement'],
  ['workload', 'topics'],
];

/** What the fabric and the bus type cannot do; asked only where what they would judge is sound. */
export async function refuseCombinations(
  scenario: ResolvedScenario,
  { origin }: ResolvedLinks,
  faults: readonly (FaultShape | undefined)[],
  findings: Findings,
): Promise<void> {
  // A fabric speaks of links by their index; what the user wrote is the default or a constraint.
  const report = (place: string, message: string, ...because: readonly Path[]): void => {
    const [section, index, key] = parsePath(place);
    const isLink = section === 'links' && typeof index === 'number' && typeof key === 'string';
    findings.add(isLink ? origin(index, key) : parsePath(place), message, ...because);
  };
  const loadFabric = fabricMakers[scenario.fabric];
  if (loadFabric === undefined) {
    report('fabric', `fabric ${scenario.fabric} is not available in this build`);
  } else if (findings.sound(['sites'])) {
    const fabric = await loadFabric();
    const { sites, links } = scenario;
    for (const { path, message } of fabric.refuse({ sites, links }))
      report(path, message, ['fabric']);
    refuseDegradations(fabric, faults, findings);
  }
  const loadBus = busDeployers[scenario.bus.type];
  if (loadBus === undefined || !findings.sound(...judgedByBus)) return;
  const deployer = await loadBus();
  for (const { path, message } of deployer.refuse(scenario)) report(path, message);
}

/** What a fault makes of links has to be within the powers of the fabric, too. */
function refuseDegradations(
  fabric: FabricMaker,
  faults: readonly (FaultShape | undefined)[],
  findings: Findings,
): void {
  for (const [i, fault] of faults.entries()) {
    if (fault?.link === undefined) continue;
    const [from, to] = fault.between?.map((side) => [side].flat().join('+')) ?? [];
    const ends = { from: from ?? 'each', to: to ?? 'other' };
    const links = [{ ...unimpaired, ...ends, ...presentValues(fault.link) }];
    for (const { path, message } of fabric.refuse({ sites: [], links })) {
      const [, , key] = parsePath(path);
      if (key !== undefined) findings.add(['faults', i, 'link', key], message, ['fabric']);
    }
  }
}
