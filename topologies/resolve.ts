import { sitesShareProcesses } from './agents.ts';
import { type BusSpec, placeBus } from './buses/buses.ts';
import { resolveFaults } from './fault-checks.ts';
import type { Findings } from './language/findings.ts';
import { type Path, parsePath } from './language/path.ts';
import { type ResolvedLinks, resolveLinks } from './links.ts';
import { patterns } from './patterns.ts';
import { peerCount } from './peers.ts';
import type { ResolvedScenario, WrittenScenario } from './scenario.ts';
import type { Site } from './topology.ts';

/** What a scenario is resolved with that does not stand in it. */
export interface Surroundings {
  /** Of a scenario that does not name itself. */
  readonly name: string;
  /** Names of the agent processes a scenario would have; asked for only when faults may name them. */
  agentNames(scenario: ResolvedScenario): readonly string[];
}

const peerPaths: readonly Path[] = [['sites'], ['servers'], ['clients'], ['workload', 'topics']];

/**
 * Fills in what follows from other sections and checks names and combinations; what is returned is sound only if
 * nothing was found. Says of the links, too, where their values were written.
 */
export function resolveScenario(
  written: WrittenScenario,
  { name, agentNames }: Surroundings,
  findings: Findings,
): { readonly scenario: ResolvedScenario; readonly links: ResolvedLinks } {
  checkSites(written, findings);
  const sites = written.sites.map((site) => site.name);
  const links = resolveLinks(written.links, sites, findings);
  const { workload, phases } = written;
  // A topology alone has nobody to talk: counts that are given all the same are for the bus type to refuse.
  const perSite = written.bus.type === 'none' ? 0 : sites.length;
  const servers = peerCount('servers', written.servers, sites, perSite, findings);
  const clients = peerCount('clients', written.clients, sites, 10 * perSite, findings);
  const bus = resolveBus(written.bus, sites, findings);
  const partial: ResolvedScenario = {
    ...written,
    name: written.name ?? name,
    links: links.links,
    bus,
    servers: { ...written.servers, count: servers },
    clients: { ...written.clients, count: clients },
    phases: { ...phases, drainMs: phases.drainMs ?? workload.timeoutMs },
    faults: [],
  };
  const given = {
    count: written.servers.count !== undefined,
    faults: written.faults.length > 0 || !findings.sound(['faults']),
  };
  if (bus.type === 'memory' && written.agents.processes !== 1) {
    const message = 'the memory bus lives inside one process; expected 1';
    findings.add(['agents', 'processes'], message, ['bus', 'type']);
  }
  checkPack(written, findings);
  checkWorkload(partial, given, findings);
  const mayName = written.faults.length > 0 && findings.sound(...peerPaths);
  const faults = resolveFaults(
    written.faults,
    {
      sites,
      busNodes: bus.nodes,
      agents: mayName ? agentNames(partial) : [],
      inProcess: bus.type === 'memory',
      measureMs: phases.measure.kind === 'duration' ? phases.measure.ms : null,
    },
    findings,
  );
  return { scenario: { ...partial, faults }, links };
}

function checkSites({ sites, fabric }: WrittenScenario, findings: Findings): void {
  const seen = new Set<string>();
  for (const [i, { name }] of sites.entries()) {
    if (seen.has(name)) findings.add(['sites', i], `the site ${name} is listed twice`);
    seen.add(name);
  }
  const withHosts = (site: Site): boolean => site.hosts.length > 0;
  if (fabric === 'machines' && !sites.every(withHosts)) {
    const message =
      'fabric machines needs hosts at every site: { paris: { hosts: [...] } }, or an inventory';
    findings.add(['sites'], message, ['fabric'], ['inventory']);
  } else if (fabric !== 'machines' && sites.some(withHosts)) {
    const message = `hosts are for fabric machines; ${fabric} makes its own`;
    findings.add(['sites'], message, ['fabric']);
  }
}

/** A number of processes that nothing could come of. */
function checkPack({ agents, bus, fabric }: WrittenScenario, findings: Findings): void {
  if (typeof agents.pack !== 'number') return;
  const path: Path = ['agents', 'pack'];
  if (bus.type === 'memory') {
    findings.add(path, 'the memory bus lives inside one process; expected auto', ['bus', 'type']);
  } else if (!sitesShareProcesses(fabric)) {
    const message = `no process can play agents of several sites of fabric ${fabric}; expected auto or none`;
    findings.add(path, message, ['fabric']);
  }
}

function resolveBus(bus: BusSpec, sites: readonly string[], findings: Findings): BusSpec {
  for (const [i, site] of bus.nodes.entries()) {
    findings.known('site', site, sites, ['bus', 'nodes', i], ['sites']);
  }
  const placed = placeBus(bus, sites);
  // Without sound sites the default nodes, and what the type makes of them, would be guesses.
  if (!findings.sound(['sites'])) return placed.bus;
  for (const { path, message } of placed.mistakes) {
    findings.add(['bus', ...parsePath(path)], message);
  }
  return placed.bus;
}

function checkWorkload(
  scenario: ResolvedScenario,
  given: { readonly count: boolean; readonly faults: boolean },
  findings: Findings,
): void {
  const { workload, phases, servers, clients } = scenario;
  const { pattern, topics, pools, timeoutMs, pace, body } = workload;
  const { copies, replies } = patterns[pattern];
  if (body.kind === 'uniform' && body.minBytes > body.maxBytes) {
    const message = `min ${body.minBytes} is above max ${body.maxBytes}`;
    findings.add(['workload', 'body'], message);
  }
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
  } else if (copies === 'pool' && Math.floor(servers.count / topics) < pools) {
    const message = `expected a server for each of ${pools} pools on every topic: ${topics} topics, ${servers.count} servers`;
    findings.add(['workload', 'pools'], message, ...basis);
  }
  if (copies !== 'pool' && pools !== 1) {
    const message = `pools are for pattern notify, not ${pattern}`;
    findings.add(['workload', 'pools'], message, ['workload', 'pattern']);
  }
  if (workload.target === 'one' && copies !== 'one') {
    const message = `target one is for call and cast; ${pattern} has no single receiver`;
    findings.add(['workload', 'target'], message, ['workload', 'pattern']);
  }
  if (pace.kind === 'open' && pace.loadPercent !== undefined && !replies) {
    const message = `only replies tell what a bus can carry: load is for pattern call, not ${pattern}`;
    findings.add(['workload', 'pace'], message, ['workload', 'pattern']);
  }
  const { measure } = phases;
  if (measure.kind === 'duration' && measure.afterFaultsMs !== undefined && !given.faults) {
    const message = 'there are no faults to measure after; expected a duration';
    findings.add(['phases', 'measure', 'afterFaults'], message, ['faults']);
  }
  if (clients.reconnect.minMs > clients.reconnect.maxMs) {
    findings.add(['clients', 'reconnect'], 'min is above max');
  }
}
