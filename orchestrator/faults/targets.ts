import type { ClientPeer } from '../../agents/protocol.ts';
import type { FaultSpec } from '../../topologies/faults.ts';
import { agentInjection, disconnection } from './agents.ts';
import { cannot, type FaultScene, type Injection } from './injection.ts';
import { linkInjection } from './links.ts';
import { nodeInjection } from './nodes.ts';

/** What a fault does, in order: one injection, or one for `each` thing of a kind; none where the bus has no such thing. */
export function injectionsOf(fault: FaultSpec, scene: FaultScene): readonly Injection[] {
  const { target } = fault;
  switch (target.kind) {
    case 'node':
      return [namedInjection(fault, target.name, scene)];
    case 'between':
      return [linkInjection(fault, target.groups, target.oneWay, scene)];
    case 'each':
      return eachInjection(fault, target.of, scene);
  }
}

function eachInjection(
  fault: FaultSpec,
  of: 'bus-node' | 'link' | 'client',
  scene: FaultScene,
): readonly Injection[] {
  const { plan, bus } = scene;
  switch (of) {
    case 'bus-node':
      return bus.nodes.map((node) => nodeInjection(fault, node, scene));
    case 'client':
      // What has no process any more has no connection to cut, and would never be back.
      return livingClients(scene).map(({ name, index }) => disconnection(name, [index], scene));
    case 'link': {
      // Without nodes the peers are the bus, and they are everywhere.
      const { sites: all } = plan.scenario;
      const holders =
        bus.nodes.length > 0 ? bus.nodes.map(({ site }) => site) : all.map((s) => s.name);
      const sites = [...new Set(holders)];
      const pairs = sites.flatMap((a, i) => sites.slice(i + 1).map((b) => [a, b] as const));
      return pairs.map(([a, b]) => linkInjection(fault, [[a], [b]], false, scene));
    }
  }
}

function livingClients({ plan, agents }: FaultScene): readonly ClientPeer[] {
  const gone = new Set(
    agents.agents
      .filter(({ endedByFault }) => endedByFault)
      .flatMap(({ clients }) => clients.map((c) => c.index)),
  );
  return plan.clients.filter(({ index }) => !gone.has(index));
}

function namedInjection(fault: FaultSpec, name: string, scene: FaultScene): Injection {
  const node = scene.bus.nodes.find((candidate) => candidate.name === name);
  if (node) return nodeInjection(fault, node, scene);
  const agent = scene.agents.agents.find((candidate) => candidate.name === name);
  if (!agent) throw cannot(fault, name);
  if (fault.action !== 'disconnect') return agentInjection(fault, agent, scene);
  const clients = agent.endedByFault ? [] : agent.clients.map((client) => client.index);
  return disconnection(name, clients, scene);
}
