import { connectionsOf, filesReserve, runsHere, zeromqSocketsMax } from './files.ts';
import { type Machine, packAgents } from './packs.ts';
import type { Plan } from './plan.ts';

/** What the connections of one process need of the machine. */
interface ProcessNeed {
  readonly name: string;
  readonly connections: number;
  /** Open files, those of the process itself included. */
  readonly files: number;
}

/** Of every process that plays agents, the neediest first. */
export function needsOf(plan: Plan, machine: Machine): readonly ProcessNeed[] {
  const each = connectionsOf(plan);
  const needs = packAgents(plan, machine).map(({ name, agents }): ProcessNeed => {
    const all = agents.flatMap(({ index }) => each[index] ?? []);
    const connections = all.reduce((sum, one) => sum + one.connections, 0);
    return {
      name,
      connections,
      files: filesReserve + all.reduce((sum, one) => sum + one.files, 0),
    };
  });
  return needs.sort((a, b) => b.files - a.files);
}

/** Why connections cannot all be opened on this machine; null when they can, or others have to. */
export function connectionProblem(plan: Plan, machine: Machine): string | null {
  const { scenario } = plan;
  const isZeromq = scenario.bus.type === 'zeromq';
  const proxies = isZeromq ? ', use proxies (bus.mode: proxy)' : '';
  const advice = `share connections (clients.connections: shared)${proxies}, or take more processes (agents.processes, agents.pack)`;
  for (const { name, connections, files } of needsOf(plan, machine)) {
    const opens = `${name} would open ${connections} connections from one process`;
    if (isZeromq && connections > zeromqSocketsMax) {
      return `${opens}; libzmq allows ${zeromqSocketsMax}: ${advice}`;
    }
    if (runsHere(scenario) && machine.files !== null && files > machine.files) {
      return `${opens}, ${files} files of at most ${machine.files}: ${advice}, or raise the limit (ulimit -Hn)`;
    }
  }
  return null;
}
