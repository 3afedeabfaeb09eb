import { readFileSync } from 'node:fs';
import { patterns } from '../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import type { Plan, PlannedProcess } from './plan.ts';

/** What the connections of an agent take of its process. */
export interface Connections {
  readonly connections: number;
  /** File descriptors that they take. */
  readonly files: number;
}

/** ZMQ_MAX_SOCKETS cannot be set higher. */
export const zeromqSocketsMax = 65_535;
/** Whatever else a process of ours has open. */
export const filesReserve = 100;
/** A DEALER has its TCP socket and its mailbox; a ROUTER a socket for each of its callers. */
const filesOfDealer = 2;

/** What each agent opens, and what is opened to it, by its index. */
export function connectionsOf(plan: Plan): readonly Connections[] {
  const { bus, clients } = plan.scenario;
  if (bus.type === 'memory') return plan.processes.map(() => ({ connections: 0, files: 0 }));
  if (bus.type === 'zeromq') return zeromqConnections(plan);
  const shared = clients.connections === 'shared';
  return plan.processes.map((agent) => {
    const opened = shared && agent.clients.length > 0 ? 1 : agent.clients.length;
    const connections = opened + agent.servers.length;
    return { connections, files: connections };
  });
}

function zeromqConnections(plan: Plan): Connections[] {
  const callersOf = callersOn(plan);
  return plan.processes.map((agent) => {
    const connections = dialedBy(agent, plan);
    const accepted = agent.servers.reduce((sum, { topic }) => sum + 1 + callersOf(topic), 0);
    return { connections, files: filesOfDealer * connections + accepted };
  });
}

/** How many may dial a server of a topic. Which of several is the closest is not known yet: each may be. */
function callersOn({ scenario, processes, clients }: Plan): (topic: number) => number {
  if (scenario.bus.nodes.length > 0) return () => scenario.bus.nodes.length;
  const callers =
    scenario.clients.connections === 'own'
      ? clients
      : processes.flatMap((agent) =>
          [...new Set(agent.clients.map(({ topic }) => topic))].map((topic) => ({ topic })),
        );
  const counts = countBy(callers, ({ topic }) => topic);
  return (topic) => counts.get(topic) ?? 0;
}

function dialedBy({ clients, site }: PlannedProcess, { scenario, servers }: Plan): number {
  if (scenario.bus.type !== 'zeromq' || clients.length === 0) return 0;
  const { mode, choice } = scenario.bus.options;
  const { connections, failover } = scenario.clients;
  if (mode === 'proxy') return connections === 'own' ? clients.length : 1;
  const topics = new Set(clients.map(({ topic }) => topic));
  if (connections === 'shared') return servers.filter(({ topic }) => topics.has(topic)).length;
  const here = scenario.sites.findIndex(({ name }) => name === site);
  const everywhere = countBy(servers, ({ topic }) => topic);
  const local = countBy(
    servers.filter((server) => server.site === here),
    ({ topic }) => topic,
  );
  // The closest servers are the site's own; where it has none, one elsewhere at least.
  const anycast = patterns[scenario.workload.pattern].copies === 'one';
  const nearest = anycast && choice === 'closest' && !failover;
  return clients.reduce((sum, { topic, server }) => {
    if (server !== null && anycast) return sum + 1;
    return sum + (nearest ? (local.get(topic) ?? 1) : (everywhere.get(topic) ?? 0));
  }, 0);
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

/** May the processes of this machine be limited by what it allows? On other machines, others may be allowed. */
export function runsHere({ fabric }: ResolvedScenario): boolean {
  return fabric === 'loopback' || fabric === 'namespaces';
}

/** The hard limit of open files of this process, to which Node raises itself; null where it cannot be known. */
export function fileLimit(): number | null {
  try {
    const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    const limit = Number(line?.[1]);
    return Number.isFinite(limit) ? limit : null;
  } catch {
    return null;
  }
}
