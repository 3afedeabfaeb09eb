import { stringify } from 'yaml';
import type { ClientPeer, ServerPeer } from '../../agents/protocol.ts';
import { patterns } from '../../topologies/patterns.ts';
import type { ResolvedScenario, ScenarioWith } from '../../topologies/scenario.ts';
import { AgentError, UsageError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { parseScenario } from '../read/scenario.ts';
import type { Joined } from './joined.ts';

/** A test as ombt names and describes it. */
export interface HandTest {
  readonly pattern: ResolvedScenario['workload']['pattern'];
  readonly calls: number;
  readonly lengthBytes: number;
  readonly pauseMs: number;
  readonly timeoutMs: number;
}

/** What the agents that joined decide; the rest of a scenario can be laid over with `--set`. */
const decided = [
  ...['schema', 'sites', 'fabric', 'links', 'agents', 'servers', 'faults'],
  ...['clients.count', 'clients.placement'],
  ...['bus.type', 'bus.url', 'bus.endpoints', 'bus.protocol', 'bus.credentials', 'bus.tls'],
  ...['workload.pattern', 'workload.target', 'workload.topics', 'workload.pools'],
];

/** The scenario that a test over these agents is; rejects like any other scenario with mistakes. */
export async function handScenario(
  test: HandTest,
  joined: readonly Joined[],
  sets: readonly string[],
): Promise<ScenarioWith<'external'>> {
  const sites = [...new Set(joined.map(({ request }) => request.site))].sort();
  const topics = topicsOf(joined);
  const peers = (role: 'client' | 'server'): { count: number; placement: object } => {
    const placement = Object.fromEntries(
      sites.map((site) => [site, total(joined.filter((one) => isOf(one, role, site)))]),
    );
    return { count: total(joined.filter(({ request }) => request.role === role)), placement };
  };
  const [first] = joined;
  const text = stringify({
    schema: 'busbench/scenario/1',
    name: `rpc-${test.pattern}`.replace('rpc-notify', 'notify'),
    sites,
    bus: {
      type: 'external',
      endpoints: Object.fromEntries(sites.map((site) => [site, urlAt(joined, site)])),
      protocol: first?.request.protocol ?? '0-9-1',
    },
    servers: peers('server'),
    clients: peers('client'),
    workload: {
      pattern: test.pattern,
      topics: topics.length,
      pace: { pause: `${test.pauseMs}ms` },
      body: test.lengthBytes,
      timeout: `${test.timeoutMs}ms`,
    },
    phases: { warmup: '1s', measure: { calls: test.calls } },
  });
  const { scenario } = await parseScenario(text, 'busbench controller', sets);
  if (scenario.bus.type !== 'external') throw new Error('a test by hand over a bus of its own');
  const machines = scenario.sites.map(({ name }) => ({
    name,
    hosts: [
      ...new Set(joined.filter(({ request }) => request.site === name).map((one) => one.address)),
    ].map((address) => ({ ssh: address, address, node: null, options: [] })),
  }));
  return { ...scenario, bus: scenario.bus, fabric: 'machines', sites: machines };
}

/** Who plays what: every agent as many peers as it was started with, on its own topic. */
export function handPlan(scenario: ResolvedScenario, joined: readonly Joined[]): Plan {
  const sites = scenario.sites.map(({ name }) => name);
  const topics = topicsOf(joined);
  const ordered = (['server', 'client'] as const).flatMap((role) =>
    sites.flatMap((site) => joined.filter((one) => isOf(one, role, site))),
  );
  const { copies } = patterns[scenario.workload.pattern];
  const counts = new Map<string, number>();
  const clients: ClientPeer[] = [];
  const servers: ServerPeer[] = [];
  const processes = ordered.map(({ request }, index) => {
    const { role, peers } = request;
    const base = `${role}.${request.site}`;
    const count = (counts.get(base) ?? 0) + 1;
    counts.set(base, count);
    const name = count === 1 ? base : `${base}.${count}`;
    const [site, topic] = [sites.indexOf(request.site), topics.indexOf(request.topic)];
    const seats = Array.from({ length: peers }, (_, n) => ({
      name: `${name}/${n + 1}`,
      site,
      topic,
    }));
    const own = {
      clients:
        role === 'client'
          ? seats.map((s, n) => ({ ...s, index: clients.length + n, server: null }))
          : [],
      servers:
        role === 'server'
          ? seats.map((s, n) => {
              const at = servers.length + n;
              return { ...s, index: at, subscriber: copies === 'server' ? at : 0 };
            })
          : [],
    };
    clients.push(...own.clients);
    servers.push(...own.servers);
    return { index, name, site: request.site, role, host: request.name, ...own };
  });
  const receivers = topics.map((_, topic) =>
    copies === 'server' ? servers.filter((server) => server.topic === topic).length : 1,
  );
  return { scenario, processes, clients, servers, receivers };
}

/** The topics, in order; every one that has clients needs a server. */
function topicsOf(joined: readonly Joined[]): readonly string[] {
  const of = (role: string): Set<string> =>
    new Set(joined.filter(({ request }) => request.role === role).map((one) => one.request.topic));
  const served = of('server');
  const [lonely] = [...of('client')].filter((topic) => !served.has(topic));
  if (lonely !== undefined) {
    throw new AgentError(
      'TOPIC_UNSERVED',
      `clients of topic ${lonely} joined, and no server of it; servers are on ${[...served].join(', ')}`,
      'Start a server with that --topic, or give the clients the one of the servers.',
    );
  }
  return [...served].sort();
}

function isOf({ request }: Joined, role: string, site: string): boolean {
  return request.role === role && request.site === site;
}

function total(joined: readonly Joined[]): number {
  return joined.reduce((sum, { request }) => sum + request.peers, 0);
}

/** The broker of a site: its agents agree on one. */
function urlAt(joined: readonly Joined[], site: string): string {
  return joined.find(({ request }) => request.site === site)?.request.url ?? '';
}

/** Refuses overrides of what only the agents can say, with OVERRIDE_REFUSED. */
export function refuseDecided(sets: readonly string[]): void {
  const wrong = sets.find((text) =>
    decided.some((path) => ['=', '.', '['].some((next) => text.startsWith(path + next))),
  );
  if (wrong === undefined) return;
  throw new UsageError(
    'OVERRIDE_REFUSED',
    `--set ${wrong}: the agents that join decide that`,
    'Start them with other --site, --url, --topic or --peers; --set is for workload, phases, guarantee, expect and the like.',
  );
}
