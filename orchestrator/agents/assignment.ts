import { createHash } from 'node:crypto';
import type { Assignment } from '../../agents/protocol.ts';
import type { Bus } from '../buses/bus.ts';
import type { Plan } from '../plan/plan.ts';
import type { Agent } from './agent.ts';

/** Connections that all processes may be opening at a time: a broker's accept queue holds 128. */
const openingAtOnce = 128;

/** What each agent is told before it opens anything; the bus adds how that process reaches it. */
export function assign(plan: Plan, bus: Bus, runId: string): (agent: Agent) => Promise<Assignment> {
  const { scenario } = plan;
  const { measure } = scenario.phases;
  const withClients = plan.processes.filter(({ clients }) => clients.length > 0).length;
  const openAtOnce = Math.max(2, Math.floor(openingAtOnce / Math.max(1, withClients)));
  const runTag = createHash('sha256').update(runId).digest().readUInt16LE(0);
  return async (agent) => {
    return {
      run: runId,
      runTag,
      process: agent.name,
      processIndex: agent.index,
      sites: scenario.sites.map((site) => site.name),
      clients: agent.clients,
      servers: agent.servers,
      totalClients: plan.clients.length,
      receivers: plan.receivers,
      bus: await bus.endpoint(agent),
      announced: agent.announced,
      guarantee: scenario.guarantee,
      openAtOnce,
      connections: scenario.clients.connections,
      failover: scenario.clients.failover,
      reconnect: scenario.clients.reconnect,
      workload: scenario.workload,
      callsPerClient: measure.kind === 'calls' ? measure.perClient : null,
      seed: scenario.seed,
    };
  };
}
