import { parseExpectation } from '../../reports/verdict/thresholds.ts';
import type { WrittenFault } from '../../topologies/faults.ts';
import type { Findings } from '../../topologies/language/findings.ts';
import { type Path, parsePath } from '../../topologies/language/path.ts';
import type { ResolvedLinks } from '../../topologies/links.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { unimpaired } from '../../topologies/topology.ts';
import { busDeployer } from '../buses/registry.ts';
import type { FabricMaker } from '../fabrics/fabric.ts';
import { fabricMakers } from '../fabrics/registry.ts';
import { budgetOf, maxLedgerBytes } from '../plan/budget.ts';
import { connectionProblem } from '../plan/limits.ts';
import { thisMachine } from '../plan/packs.ts';
import { makePlan } from '../plan/plan.ts';

/** What a bus lays out when it looks for what it cannot serve: without these there is nothing to lay out. */
const consideredByBus: readonly Path[] = [
  ['bus'],
  ['sites'],
  ['servers', 'count'],
  ['servers', 'placement'],
  ['clients', 'count'],
  ['clients', 'placement'],
  ['workload', 'topics'],
];

/** Reports what is beyond this build: of the result, the ledger, the fabric and the bus type. */
export async function collectRefusals(
  scenario: ResolvedScenario,
  links: ResolvedLinks,
  faults: readonly WrittenFault[],
  findings: Findings,
): Promise<void> {
  checkExpectations(scenario, findings);
  checkLedger(scenario, findings);
  await refuseCombinations(scenario, links, faults, findings);
}

/** Expressions that could not be judged: no `path op literal`, a path no result has, a unit that does not fit. */
function checkExpectations({ expect }: ResolvedScenario, findings: Findings): void {
  for (const [i, text] of expect.entries()) {
    const parsed = parseExpectation(text);
    if (parsed.kind === 'mistake') {
      findings.add(['expect', i], `${parsed.message}; got ${JSON.stringify(text)}`);
    }
  }
}

function checkLedger(scenario: ResolvedScenario, findings: Findings): void {
  const { ledgerBytes, ledgerBitsPerOperation } = budgetOf(scenario);
  if (ledgerBytes === null || ledgerBytes <= maxLedgerBytes) return;
  const megabytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
  const message = `would need a ledger of ${megabytes(ledgerBytes)} MiB (${ledgerBitsPerOperation} bits an operation); expected at most ${megabytes(maxLedgerBytes)} MiB`;
  findings.add(['phases', 'measure'], message, ['workload'], ['clients'], ['servers'], ['sites']);
}

/** What the fabric and the bus type cannot do; asked only where what they would look at is sound. */
async function refuseCombinations(
  scenario: ResolvedScenario,
  { origin }: ResolvedLinks,
  faults: readonly WrittenFault[],
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
  if (!findings.sound(...consideredByBus)) return;
  const deployer = await busDeployer(scenario.bus.type);
  for (const { path, message } of deployer.refuse(scenario)) report(path, message);
  const problem = connectionProblem(makePlan(scenario), thisMachine());
  if (problem !== null) report('clients.connections', problem);
}

/** What a fault makes of links has to be within the powers of the fabric, too. */
function refuseDegradations(
  fabric: FabricMaker,
  faults: readonly WrittenFault[],
  findings: Findings,
): void {
  for (const [i, fault] of faults.entries()) {
    const ofLinks = fault.action === 'partition' || fault.action === 'degrade';
    if (ofLinks && fabric.fixedLinks !== undefined) {
      findings.add(['faults', i, 'action'], fabric.fixedLinks, ['fabric']);
    }
    if (fault.link === undefined) continue;
    const [from, to] = fault.between?.map((side) => [side].flat().join('+')) ?? [];
    const ends = { from: from ?? 'each', to: to ?? 'other' };
    const links = [{ ...unimpaired, ...ends, ...fault.link }];
    for (const { path, message } of fabric.refuse({ sites: [], links })) {
      const [, , key] = parsePath(path);
      if (key !== undefined) findings.add(['faults', i, 'link', key], message, ['fabric']);
    }
  }
}
