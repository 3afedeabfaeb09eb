import { nowUs } from '../agents/clock.ts';
import type { FaultSpec } from '../topologies/scenario.ts';
import type { LinkShape } from '../topologies/topology.ts';
import { type Agent, type AgentGroup, msUntil } from './agents/agent-group.ts';
import type { Bus, BusNode } from './buses/bus.ts';
import { UsageError } from './errors.ts';
import type { Fabric } from './fabrics/fabric.ts';
import type { Plan } from './plan.ts';
import { sleep } from './waiting.ts';

/** A fault as it really happened; ms since the start of measuring. */
export interface FaultLog {
  readonly action: string;
  readonly target: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** What faults act upon. */
export interface FaultScene {
  readonly plan: Plan;
  readonly agents: AgentGroup;
  readonly bus: Bus;
  readonly fabric: Fabric;
  /** Start of measuring, µs of our clock. */
  readonly measureUs: number;
}

/** One thing to break and how it is made whole again; `end` is null where that happens within `begin` or never. */
interface Injury {
  readonly target: string;
  readonly begin: (signal: AbortSignal) => Promise<void>;
  readonly end: (() => Promise<void>) | null;
}

/**
 * Injects every fault at its time and heals what was broken, also when the signal ends the run early.
 * Resolves with the log once the last fault has ended; rejects when a fault could not be injected.
 */
export async function injectFaults(scene: FaultScene, signal: AbortSignal): Promise<FaultLog[]> {
  const logs = await Promise.all(
    scene.plan.scenario.faults.map((fault) => injectFault(fault, scene, signal)),
  );
  return logs.flat().sort((a, b) => a.startedAtMs - b.startedAtMs);
}

async function injectFault(
  fault: FaultSpec,
  scene: FaultScene,
  signal: AbortSignal,
): Promise<FaultLog[]> {
  const logs: FaultLog[] = [];
  const waitMs = fault.target.kind === 'each' ? fault.target.waitMs : 0;
  try {
    await sleep(msUntil(scene.measureUs + fault.atMs * 1e3), signal);
    for (const injury of injuriesOf(fault, scene)) {
      if (logs.length > 0) await sleep(waitMs, signal);
      logs.push(await inflict(fault, injury, scene, signal));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return logs;
}

async function inflict(
  fault: FaultSpec,
  injury: Injury,
  scene: FaultScene,
  signal: AbortSignal,
): Promise<FaultLog> {
  const startedAtMs = msSince(scene.measureUs);
  await injury.begin(signal);
  if (injury.end) {
    try {
      await sleep(fault.forMs ?? 0, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await injury.end();
    }
  }
  const endedAtMs = msSince(scene.measureUs);
  return { action: fault.action, target: injury.target, startedAtMs, endedAtMs };
}

function injuriesOf(fault: FaultSpec, scene: FaultScene): readonly Injury[] {
  const { target } = fault;
  switch (target.kind) {
    case 'node':
      return [nodeInjury(fault, target.name, scene)];
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
  switch (of) {
    case 'bus-node':
      return scene.bus.nodes.map((node) => busNodeInjury(fault, node));
    case 'client':
      return scene.plan.clients.map((client) => disconnection(client.name, [client.index], scene));
    case 'link': {
      const sites = [...new Set(scene.bus.nodes.map((node) => node.site))];
      const pairs = sites.flatMap((a, i) => sites.slice(i + 1).map((b) => [a, b] as const));
      return pairs.map(([a, b]) => linkInjury(fault, [[a], [b]], false, scene));
    }
  }
}

function nodeInjury(fault: FaultSpec, name: string, scene: FaultScene): Injury {
  const node = scene.bus.nodes.find((candidate) => candidate.name === name);
  if (node) return busNodeInjury(fault, node);
  const agent = scene.agents.agents.find((candidate) => candidate.name === name);
  if (!agent) throw cannot(fault, name);
  if (fault.action === 'disconnect') {
    return disconnection(
      name,
      agent.clients.map((client) => client.index),
      scene,
    );
  }
  return agentInjury(fault, agent, scene);
}

function busNodeInjury(fault: FaultSpec, node: BusNode): Injury {
  const target = node.name;
  const never = new AbortController().signal;
  switch (fault.action) {
    case 'pause':
      return { target, begin: () => node.pause(), end: () => node.resume() };
    case 'kill':
      return {
        target,
        begin: () => node.kill(),
        end: fault.forMs === null ? null : () => node.start(never),
      };
    case 'restart':
      return {
        target,
        begin: async (signal) => {
          await node.stop(signal);
          await node.start(signal);
        },
        end: null,
      };
    default:
      throw cannot(fault, target);
  }
}

function agentInjury(fault: FaultSpec, agent: Agent, scene: FaultScene): Injury {
  const target = agent.name;
  switch (fault.action) {
    case 'pause':
      return {
        target,
        begin: () => agent.process.signal('SIGSTOP'),
        end: () => agent.process.signal('SIGCONT'),
      };
    case 'kill':
      return { target, begin: () => killAgent(agent, scene), end: null };
    default:
      throw cannot(fault, target);
  }
}

async function killAgent(agent: Agent, scene: FaultScene): Promise<void> {
  agent.doomed = true;
  await agent.process.signal('SIGKILL');
  await agent.process.exited;
  const alive = scene.agents.agents.filter((other) => !other.doomed);
  const subscribers = scene.plan.receivers.map((planned, topic) => {
    const present = alive.flatMap((a) => a.servers).filter((server) => server.topic === topic);
    return Math.min(planned, new Set(present.map((server) => server.subscriber)).size);
  });
  scene.agents.broadcast({ type: 'receivers', receivers: subscribers });
}

function disconnection(target: string, clients: readonly number[], scene: FaultScene): Injury {
  return {
    target,
    begin: async () => scene.agents.broadcast({ type: 'disconnect', clients }),
    end: null,
  };
}

function linkInjury(
  fault: FaultSpec,
  [left, right]: readonly [readonly string[], readonly string[]],
  oneWay: boolean,
  { fabric, plan }: FaultScene,
): Injury {
  const forth = left.flatMap((a) => right.map((b) => [a, b] as const));
  const directions = oneWay ? forth : [...forth, ...forth.map(([a, b]) => [b, a] as const)];
  const target = `${left.join('+')} ${oneWay ? '->' : '-'} ${right.join('+')}`;
  const each = async (change: (from: string, to: string) => Promise<void>): Promise<void> => {
    await Promise.all(directions.map(([from, to]) => change(from, to)));
  };
  if (fault.action === 'partition') {
    return {
      target,
      begin: () => each((from, to) => fabric.cut(from, to)),
      end: () => each((from, to) => fabric.heal(from, to)),
    };
  }
  if (fault.action !== 'degrade') throw cannot(fault, target);
  const worse = fault.link ?? {};
  return {
    target,
    begin: () => each((from, to) => fabric.shape(from, to, worse)),
    end: () => each((from, to) => fabric.shape(from, to, plannedShape(plan, from, to))),
  };
}

function plannedShape(plan: Plan, from: string, to: string): Partial<LinkShape> {
  const link = plan.scenario.links.find((l) => l.from === from && l.to === to);
  if (!link) return {};
  const { delayMs, jitterMs, lossPercent, rateMbps } = link;
  return { delayMs, jitterMs, lossPercent, rateMbps };
}

function cannot(fault: FaultSpec, target: string): UsageError {
  return new UsageError(
    'FAULT_IMPOSSIBLE',
    `fault ${fault.action} cannot be done to ${target}`,
    '`busbench schema scenario` lists the actions and what each can be done to.',
  );
}

function msSince(momentUs: number): number {
  return (nowUs() - momentUs) / 1e3;
}
