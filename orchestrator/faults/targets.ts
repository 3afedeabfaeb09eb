import type { ClientPeer } from '../../agents/protocol.ts';
import type { FaultSpec } from '../../topologies/faults.ts';
import { agentInjury, disconnection } from './agents.ts';
import { cannot, type FaultScene, type Injury } from './injury.ts';
import { linkInjury } from './links.ts';
import { nodeInjury } from './nodes.ts';

/** What a fault does, in order: one injury, or one for `each` thing of a kind; none where the bus has no such thing. */
export function injuriesOf(fault: FaultSpec, scene: FaultScene): readonly Injury[] {
  const { target } = fault;
  switch (target.kind) {
    case 'node':
      return [namedInjury(fault, target.name, scene)];
    case 'between':
      return [linkInjury(fault, target.groups, target.oneWay, scene)];
    case 'each':
      return eachInjury(fault, target.of, scene);
  }
}

function eachInjury(
  fault: FaultSpec,
  of: 'bus-node' | 'link' | 'client',
  scene: FaultScene,
): readonly Injury[] {
  const { plan, bus } = scene;
  switch (of) {
    case 'bus-node':
      return bus.nodes.map((node) => nodeInjury(fault, node, scene));
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
      return pairs.map(([a, b]) => linkInjury(fault, [[a], [b]], false, scene));
    }
  }
}

function livingClients({ plan, agents }: FaultScene): readonly ClientPeer[] {
  const gone = new Set(
    agents.agents
      .filter(({ doomed }) => doomed)
      .flatMap(({ clients }) => clients.map((c) => c.index)),
  );
  return plan.clients.filter(({ index }) => !gone.has(index));
}

function namedInjury(fault: FaultSpec, name: string, scene: FaultScene): Injury {
  const node = scene.bus.nodes.find((candidate) => candidate.name === name);
  if (node) return nodeInjury(fault, node, scene);
  const agent = scene.agents.agents.find((candidate) => candidate.name === name);
  if (!agent) throw cannot(fault, name);
  if (fault.action !== 'disconnect') return agentInjury(fault, agent, scene);
  const clients = agent.doomed ? [] : agent.clients.map((client) => client.index);
  return disconnection(name, clients, scene);
}
