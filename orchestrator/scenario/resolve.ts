import { basename } from 'node:path';
import type { BusSpec, Placement, ResolvedScenario } from '../../topologies/scenario.ts';
import type { Site } from '../../topologies/topology.ts';
import { budgetOf, maxLedgerBytes } from '../plan/budget.ts';
import { makePlan } from '../plan/plan.ts';
import { readBodyFile } from './body-file.ts';
import { refuseCombinations, resolveBus } from './bus-options.ts';
import { checkExpectations } from './expectations.ts';
import { resolveFaults } from './faults.ts';
import type { Findings } from './findings.ts';
import { resolveLinks } from './links.ts';
import type { Path } from './path.ts';
import type { ScenarioShape } from './scenario-shape.ts';
import type { WorkloadShape } from './workload-shape.ts';

/** Fills in defaults and checks names and combinations; what is returned is sound only if nothing was found. */
export async function resolveShape(
  shape: ScenarioShape,
  file: string,
  findings: Findings,
): Promise<ResolvedScenario> {
  const sites = resolveSites(shape, findings);
  const names = sites.map((site) => site.name);
  const links = resolveLinks(shape.links, names, findings);
  const { workload, clients } = shape;
  // A topology alone has nobody to talk: counts that are given all the same are for the bus type to refuse.
  const perSite = shape.bus?.type === 'none' ? 0 : names.length;
  const servers = {
    count: peerCount('servers', shape.servers, names, perSite, findings),
    placement: shape.servers.placement,
  };
  const clientCount = peerCount('clients', clients, names, 10 * perSite, findings);
  const bus = await resolveBus(shape.bus, names, findings);
  const { phases } = shape;
  const partial: ResolvedScenario = {
    schema: 'busbench/scenario/1',
    name: shape.name ?? nameOf(file),
    seed: shape.seed,
    sites,
    fabric: shape.fabric,
    links: links.links,
    bus: bus ?? noBus,
    guarantee: shape.guarantee,
    servers,
    clients: {
      count: clientCount,
      placement: clients.placement,
      connections: clients.connections,
      failover: clients.failover,
      reconnect: { minMs: clients.reconnect.min, maxMs: clients.reconnect.max },
    },
    workload: { ...workload, body: await resolveBody(workload.body, file, findings) },
    phases: { ...phases, drainMs: phases.drainMs ?? workload.timeoutMs },
    faults: [],
    expect: shape.expect.filter((text) => text !== undefined),
  };
  const given = { count: shape.servers.count !== undefined, faults: shape.faults.length > 0 };
  checkWorkload(partial, given, findings);
  checkLedger(partial, findings);
  checkExpectations(shape.expect, findings);
  const faults = resolveFaults(
    shape.faults,
    {
      sites: names,
      busNodes: partial.bus.nodes,
      agents: agentNames(partial, shape.faults.length > 0 && findings.sound(...peerPaths)),
      inProcess: bus?.type === 'memory',
      measureMs: phases.measure.kind === 'duration' ? phases.measure.ms : null,
    },
    findings,
  );
  const scenario = { ...partial, faults };
  await refuseCombinations(scenario, links, shape.faults, findings);
  return scenario;
}

const noBus: BusSpec = { type: 'memory', nodes: [], options: {} };

const peerPaths: readonly Path[] = [['sites'], ['servers'], ['clients'], ['workload', 'topics']];

function resolveSites(shape: ScenarioShape, findings: Findings): readonly Site[] {
  const sites: Site[] = [];
  for (const [i, site] of (shape.sites ?? []).entries()) {
    if (site === undefined) continue;
    if (sites.some((other) => other.name === site.name)) {
      findings.report({
        path: ['sites', i],
        message: `the site ${site.name} is listed twice`,
        at: 'value',
      });
    } else sites.push(site);
  }
  if (sites.length === 0) findings.taint(['sites']);
  const withHosts = sites.some((site) => site.hosts.length > 0);
  const withoutHosts = sites.some((site) => site.hosts.length === 0);
  if (shape.fabric === 'machines' && withoutHosts) {
    findings.add(
      ['sites'],
      'fabric machines needs hosts at every site: { paris: { hosts: [...] } }',
      ['fabric'],
    );
  } else if (shape.fabric !== 'machines' && withHosts) {
    findings.add(['sites'], `hosts are for fabric machines; ${shape.fabric} makes its own`, [
      'fabric',
    ]);
  }
  return sites;
}

/** The count as given, else the sum of the placement, else the default; reports a placement that cannot be. */
function peerCount(
  role: 'servers' | 'clients',
  peers: { readonly count?: number | undefined; readonly placement: Placement },
  sites: readonly string[],
  byDefault: number,
  findings: Findings,
): number {
  const { count, placement } = peers;
  if (placement === 'even') return count ?? byDefault;
  const path: Path = [role, 'placement'];
  let sum = 0;
  for (const [site, here] of Object.entries(placement)) {
    findings.known('site', site, sites, [...path, site], ['sites']);
    sum += here;
  }
  if (sum === 0) findings.add(path, `places no ${role} anywhere`);
  else if (count !== undefined && count !== sum) {
    const message = `places ${sum} ${role} where ${role}.count says ${count}; give one, or make them agree`;
    findings.add(path, message, [role, 'count']);
  }
  return count ?? sum;
}

async function resolveBody(
  body: WorkloadShape['body'],
  file: string,
  findings: Findings,
): Promise<ResolvedScenario['workload']['body']> {
  const path: Path = ['workload', 'body'];
  if (body.kind === 'uniform' && body.minBytes > body.maxBytes) {
    findings.add(path, `min ${body.minBytes} is above max ${body.maxBytes}`);
  }
  if (body.kind !== 'file') return body;
  const outcome = await readBodyFile(body.file, file);
  if ('rows' in outcome) return { kind: 'weighted', file: body.file, rows: outcome.rows };
  findings.add([...path, 'file'], outcome.problem);
  return { kind: 'fixed', bytes: 1024 };
}

function checkWorkload(
  scenario: ResolvedScenario,
  given: { readonly count: boolean; readonly faults: boolean },
  findings: Findings,
): void {
  const { workload, phases, servers, clients } = scenario;
  const { pattern, topics, pools, timeoutMs } = workload;
  if (phases.drainMs < timeoutMs) {
    const message = `expected at least workload.timeout (${timeoutMs} ms), or calls still open would be cut off; got ${phases.drainMs} ms`;
    findings.add(['phases', 'drain'], message, ['workload', 'timeout']);
  }
  const basis: Path[] = [
    ['workload', 'topics'],
    ...(given.count ? [] : [['servers', 'placement'], ['sites']]),
  ];
  if (servers.count < topics && scenario.bus.type !== 'none') {
    const message = `expected at least one server a topic: ${topics} topics, ${servers.count} servers`;
    findings.add(['servers', 'count'], message, ...basis);
  } else if (pattern === 'notify' && Math.floor(servers.count / topics) < pools) {
    const message = `expected a server for each of ${pools} pools on every topic: ${topics} topics, ${servers.count} servers`;
    findings.add(['workload', 'pools'], message, ...basis);
  }
  if (pattern !== 'notify' && pools !== 1) {
    const message = `pools are for pattern notify, not ${pattern}`;
    findings.add(['workload', 'pools'], message, ['workload', 'pattern']);
  }
  if (workload.target === 'one' && (pattern === 'fanout' || pattern === 'notify')) {
    const message = `target one is for call and cast; ${pattern} has no single receiver`;
    findings.add(['workload', 'target'], message, ['workload', 'pattern']);
  }
  if (workload.pace.kind === 'open' && workload.pace.loadPercent !== undefined) {
    if (pattern !== 'call') {
      const message = `only replies tell what a bus can carry: load is for pattern call, not ${pattern}`;
      findings.add(['workload', 'pace'], message, ['workload', 'pattern']);
    }
  }
  if (phases.measure.kind === 'duration' && phases.measure.afterFaultsMs !== undefined) {
    if (!given.faults) {
      const message = 'there are no faults to measure after; expected a duration';
      findings.add(['phases', 'measure', 'afterFaults'], message, ['faults']);
    }
  }
  if (clients.reconnect.minMs > clients.reconnect.maxMs) {
    findings.add(['clients', 'reconnect'], 'min is above max');
  }
}

function checkLedger(scenario: ResolvedScenario, findings: Findings): void {
  const { ledgerBytes, ledgerBitsPerOperation } = budgetOf(scenario);
  if (ledgerBytes === null || ledgerBytes <= maxLedgerBytes) return;
  const megabytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
  const message = `would need a ledger of ${megabytes(ledgerBytes)} MiB (${ledgerBitsPerOperation} bits an operation); expected at most ${megabytes(maxLedgerBytes)} MiB`;
  findings.add(['phases', 'measure'], message, ['workload'], ['clients'], ['servers'], ['sites']);
}

/** Only asked for when faults may name them: laying out a million peers takes a moment. */
function agentNames(scenario: ResolvedScenario, wanted: boolean): readonly string[] {
  return wanted ? makePlan(scenario).processes.map((process) => process.name) : [];
}

function nameOf(file: string): string {
  const stem = basename(file).replace(/\.ya?ml$/i, '');
  const safe = stem.replace(/[^A-Za-z0-9 ._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return safe.slice(0, 100) || 'scenario';
}
