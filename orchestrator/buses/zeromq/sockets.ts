import { readFileSync } from 'node:fs';
import type { ZeromqOptions } from '../../../topologies/buses/zeromq.ts';
import { patterns } from '../../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { type Seat, spread } from '../../../topologies/spread.ts';

/** File descriptors of one DEALER: its TCP socket and its mailbox. */
const perConnection = 2;
/** Whatever else a process of ours has open. */
const reserve = 100;
/** ZMQ_MAX_SOCKETS cannot be set higher. */
const libzmqLimit = 65_535;

export interface SocketNeed {
  readonly site: string;
  readonly connections: number;
  readonly files: number;
}

/** What the clients of each site will open, by the spreading rule. */
export function clientSockets(
  scenario: ResolvedScenario,
  options: ZeromqOptions,
): readonly SocketNeed[] {
  const names = scenario.sites.map(({ name }) => name);
  const { servers, clients, workload } = scenario;
  const serverSeats = spread(servers.count, workload.topics, names, servers.placement);
  const clientSeats = spread(clients.count, workload.topics, names, clients.placement);
  const anycast = patterns[workload.pattern].copies === 'one';
  const single = workload.target === 'one' && anycast;
  return names.map((site, index) => {
    const topics = clientSeats.filter((seat) => seat.site === index).map((seat) => seat.topic);
    const distinct = new Set(topics);
    if (options.mode === 'proxy')
      return need(site, clients.connections === 'own' ? topics.length : 1);
    const dialed = serverSeats.map((seat) => seat.topic);
    if (clients.connections === 'shared') {
      return need(site, dialed.filter((topic) => distinct.has(topic)).length);
    }
    const byTopic = countByTopic(serverSeats);
    const local = countByTopic(serverSeats.filter((seat) => seat.site === index));
    // The closest servers are the site's own; where it has none, one elsewhere at least.
    const nearest = anycast && options.choice === 'closest' && !clients.failover;
    const each = (topic: number): number => {
      if (single) return 1;
      return nearest ? (local.get(topic) ?? 1) : (byTopic.get(topic) ?? 0);
    };
    return need(
      site,
      topics.reduce((sum, topic) => sum + each(topic), 0),
    );
  });
}

function countByTopic(seats: readonly Seat[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { topic } of seats) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  return counts;
}

function need(site: string, connections: number): SocketNeed {
  return { site, connections, files: connections * perConnection + reserve };
}

/** The hard limit of open files of this process, to which node raises itself; null where it cannot be known. */
export function fileLimit(): number | null {
  try {
    const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    const limit = Number(line?.[1]);
    return Number.isFinite(limit) ? limit : null;
  } catch {
    return null;
  }
}

/** Why this many connections cannot be opened in one process, or null. */
export function socketProblem(need: SocketNeed, limit: number | null): string | null {
  const { site, connections, files } = need;
  const opens = `the clients at ${site} would open ${connections} connections from one process`;
  const advice =
    'share connections (clients.connections: shared), use proxies (bus.mode: proxy) or spread clients over more sites';
  if (connections > libzmqLimit) {
    return `${opens}; libzmq allows ${libzmqLimit}: ${advice}`;
  }
  if (limit !== null && files > limit) {
    return `${opens}, ${files} files of at most ${limit}: ${advice}, or raise the limit (ulimit -Hn)`;
  }
  return null;
}
