import { availableParallelism, totalmem } from 'node:os';
import { peersOfOne, sitesShareProcesses } from '../../topologies/agents.ts';
import { connectionsOf, fileLimit, filesReserve } from './files.ts';
import type { Plan, PlannedProcess } from './plan.ts';

/** An operating-system process to be started, and the agents that it plays. */
export interface Pack {
  /** The agent's own where it plays one; `clients.1`, `servers.2` ... where it plays several. */
  readonly name: string;
  readonly agents: readonly PlannedProcess[];
}

/** What decides how many processes are good for a run. */
export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
  /** Files that one process may have open; null where that cannot be known. */
  readonly files: number | null;
}

/** The machine that the orchestrator, and with it every agent that may share a process, runs on. */
export function thisMachine(): Machine {
  return { cores: availableParallelism(), memoryBytes: totalmem(), files: fileLimit() };
}

/** Before it plays anybody. */
const bytesOfOne = 100 * 1024 * 1024;
/** Of the memory, for processes that play nobody yet. */
const memoryShare = 1 / 8;
/** Of what a process may open, because agents that are dealt evenly do not open evenly much. */
const evenShare = 0.8;

/**
 * Who is played by which process. Never clients and servers by one, or each would wait for the other's work; nor agents
 * of one site and role, which are several in order to have a process each; nor one that a fault names, because the fault
 * is to befall nobody else. The rest are dealt over as many processes as the scenario, or the machine, is good for.
 */
export function packAgents(plan: Plan, machine: Machine): readonly Pack[] {
  const { scenario, processes } = plan;
  const { faults, fabric, agents } = scenario;
  const { pack } = agents;
  if (pack === 'none' || !sitesShareProcesses(fabric)) return processes.map(alone);
  const struck = new Set(
    faults.flatMap(({ target }) => (target.kind === 'node' ? target.name : [])),
  );
  const connections = connectionsOf(plan);
  const filesOf = (members: readonly PlannedProcess[]): number =>
    members.reduce((sum, { index }) => sum + (connections[index]?.files ?? 0), 0);
  const packs = (['server', 'client'] as const).flatMap((role) => {
    const members = processes.filter((agent) => agent.role === role && !struck.has(agent.name));
    const asked = pack === 'auto' ? goodFor(members, filesOf(members), machine) : pack;
    const count = Math.min(members.length, Math.max(asked, mostOfOneSite(members)));
    return deal(members, count).map((dealt, i) => named(`${role}s.${i + 1}`, dealt));
  });
  const others = processes.filter(({ role, name }) => role === 'both' || struck.has(name));
  return [...packs, ...others.map(alone)];
}

/** Half of the cores for each role; more for very many peers or open files, fewer where memory is short. */
function goodFor(
  members: readonly PlannedProcess[],
  files: number,
  { cores, memoryBytes, files: limit }: Machine,
): number {
  const peers = members.reduce(
    (sum, { clients, servers }) => sum + clients.length + servers.length,
    0,
  );
  const fit = Math.floor((memoryBytes * memoryShare) / bytesOfOne);
  const room = limit === null ? Number.POSITIVE_INFINITY : (limit - filesReserve) * evenShare;
  const needed = Math.max(Math.ceil(peers / peersOfOne), Math.ceil(files / room));
  return Math.max(1, needed, Math.min(Math.floor(cores / 2), fit));
}

function mostOfOneSite(members: readonly PlannedProcess[]): number {
  const counts = new Map<string, number>();
  for (const { site } of members) counts.set(site, (counts.get(site) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

/** In turn: agents of one site stand side by side, and so come to different processes. */
function deal<T>(items: readonly T[], count: number): T[][] {
  const piles: T[][] = Array.from({ length: count }, () => []);
  for (const [i, item] of items.entries()) piles[i % count]?.push(item);
  return piles;
}

function named(name: string, agents: readonly PlannedProcess[]): Pack {
  const [first, second] = agents;
  return { name: first !== undefined && second === undefined ? first.name : name, agents };
}

function alone(agent: PlannedProcess): Pack {
  return { name: agent.name, agents: [agent] };
}
