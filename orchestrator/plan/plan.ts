import type { ClientPeer, ServerPeer } from '../../agents/protocol.ts';
import { processCount } from '../../topologies/agents.ts';
import { itemAt } from '../../topologies/item-at.ts';
import { patterns } from '../../topologies/patterns.ts';
import type { ResolvedScenario, WorkloadSpec } from '../../topologies/scenario.ts';
import { type Seat, spread } from '../../topologies/spread.ts';

/** An agent to be started, with the peers it plays. */
export interface PlannedProcess {
  readonly index: number;
  /** `server.<site>`, `client.<site>` (`.2` ... where a site has several), or `memory`. */
  readonly name: string;
  readonly site: string;
  readonly role: 'client' | 'server' | 'both';
  /** Name of the one host it can be on; absent where the processes of a site take turns on its hosts. */
  readonly host?: string;
  readonly clients: readonly ClientPeer[];
  readonly servers: readonly ServerPeer[];
}

/** Who plays what, where: everything about a run that is known before anything is started. */
export interface Plan {
  readonly scenario: ResolvedScenario;
  /** By index: the agents of servers in site order, then those of clients. */
  readonly processes: readonly PlannedProcess[];
  /** By global index. */
  readonly clients: readonly ClientPeer[];
  readonly servers: readonly ServerPeer[];
  /** Expected deliveries of one message, by topic: 1 for call and cast, servers for fanout, pools for notify. */
  readonly receivers: readonly number[];
}

/** Lays peers out over sites, topics and processes. Pure: the same scenario gives the same plan. */
export function makePlan(scenario: ResolvedScenario): Plan {
  const { servers, clients, workload } = scenario;
  const sites = scenario.sites.map((site) => site.name);
  const { topics } = workload;
  const serverSeats = spread(servers.count, topics, sites, servers.placement);
  const clientSeats = spread(clients.count, topics, sites, clients.placement);
  const serverCrew = new Crew(scenario, 'server', serverSeats);
  const clientCrew = new Crew(scenario, 'client', clientSeats);
  const serverPeers = serverSeats.map(
    (seat, index): ServerPeer => ({
      index,
      name: serverCrew.seat(seat, index),
      site: seat.site,
      topic: seat.topic,
      subscriber: subscriberOf(index, workload),
    }),
  );
  const clientPeers = clientSeats.map(
    (seat, index): ClientPeer => ({
      index,
      name: clientCrew.seat(seat, index),
      site: seat.site,
      topic: seat.topic,
      server:
        workload.target === 'one' ? oneServer(index, topics, servers.count, sites.length) : null,
    }),
  );
  const receivers = Array.from({ length: topics }, (_, topic) =>
    receiversOf(topic, servers.count, workload),
  );
  const crews = [...serverCrew.processes(), ...clientCrew.processes()];
  const processes =
    scenario.bus.type === 'memory'
      ? [inOneProcess(itemAt(sites, 0), clientPeers, serverPeers)]
      : crews.map(
          ({ name, site, role, peers }, index): PlannedProcess => ({
            index,
            name,
            site,
            role,
            clients: role === 'client' ? pick(clientPeers, peers) : [],
            servers: role === 'server' ? pick(serverPeers, peers) : [],
          }),
        );
  return { scenario, processes, clients: clientPeers, servers: serverPeers, receivers };
}

/** Name of the process that holds everything where the bus lives inside it. */
const inProcessName = 'memory';

function inOneProcess(
  site: string,
  clients: readonly ClientPeer[],
  servers: readonly ServerPeer[],
): PlannedProcess {
  return { index: 0, name: inProcessName, site, role: 'both', clients, servers };
}

/** Whose copy of a message a server gets: one that all share, its own, or that of its pool. */
function subscriberOf(index: number, { pattern, topics, pools }: WorkloadSpec): number {
  const { copies } = patterns[pattern];
  return { one: 0, server: index, pool: Math.floor(index / topics) % pools }[copies];
}

function receiversOf(topic: number, servers: number, workload: WorkloadSpec): number {
  const { copies } = patterns[workload.pattern];
  return { one: 1, server: serversOf(topic, workload.topics, servers), pool: workload.pools }[
    copies
  ];
}

/** How many of the servers 0 .. count-1 have this topic. */
function serversOf(topic: number, topics: number, count: number): number {
  return Math.floor((count - topic + topics - 1) / topics);
}

/** `target: one`: the clients of a topic are dealt over its servers in order. */
function oneServer(client: number, topics: number, servers: number, sites: number): number {
  const topic = client % topics;
  const nth = Math.floor(client / topics);
  const count = serversOf(topic, topics, servers);
  // Both go round the sites: once both have come full circle, one step aside, or callers would meet only neighbours.
  const turn = (nth + Math.floor(nth / leastCommonMultiple(count, sites))) % count;
  return topic + turn * topics;
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}

/** The processes of one role, and who sits in which. */
class Crew {
  readonly #scenario: ResolvedScenario;
  readonly #role: 'client' | 'server';
  /** By site, then by process: indices of the peers seated. */
  readonly #seated: number[][][];
  readonly #count: number[];

  constructor(scenario: ResolvedScenario, role: 'client' | 'server', seats: readonly Seat[]) {
    const peers = scenario.sites.map(() => 0);
    for (const { site } of seats) peers[site] = itemAt(peers, site) + 1;
    this.#scenario = scenario;
    this.#role = role;
    this.#seated = scenario.sites.map((site, i) => {
      const length = processCount(scenario.agents, site.hosts.length, itemAt(peers, i));
      return Array.from({ length }, () => []);
    });
    this.#count = scenario.sites.map(() => 0);
  }

  /** Seats a peer, dealing over the processes of its site; returns its name. */
  seat({ site }: Seat, index: number): string {
    const processes = itemAt(this.#seated, site);
    const turn = itemAt(this.#count, site);
    this.#count[site] = turn + 1;
    const process = turn % processes.length;
    const peers = itemAt(processes, process);
    peers.push(index);
    return this.#scenario.bus.type === 'memory'
      ? `${inProcessName}/${this.#role}.${index + 1}`
      : `${this.#name(site, process)}/${peers.length}`;
  }

  processes(): readonly {
    readonly name: string;
    readonly site: string;
    readonly role: 'client' | 'server';
    readonly peers: readonly number[];
  }[] {
    return this.#scenario.sites.flatMap((site, at) =>
      itemAt(this.#seated, at).flatMap((peers, process) =>
        peers.length === 0
          ? []
          : [{ name: this.#name(at, process), site: site.name, role: this.#role, peers }],
      ),
    );
  }

  #name(site: number, process: number): string {
    const suffix = process === 0 ? '' : `.${process + 1}`;
    return `${this.#role}.${itemAt(this.#scenario.sites, site).name}${suffix}`;
  }
}

function pick<T>(all: readonly T[], indices: readonly number[]): readonly T[] {
  return indices.map((index) => itemAt(all, index));
}
