import type { FaultSpec } from '../../topologies/faults.ts';
import type { Agent } from '../agents/agent.ts';
import { cannot, type FaultScene, type Injection, mended } from './injection.ts';

/**
 * Pause, kill or restart of an agent. One that is restarted hands over its books first, as a service that is shut
 * down in order would finish its work; what a killed one knew is unknown, whether it comes back or not.
 */
export function agentInjection(fault: FaultSpec, agent: Agent, scene: FaultScene): Injection {
  const { agents } = scene;
  const target = agent.name;
  const never = new AbortController().signal;
  const startAgain = async (): Promise<void> => {
    await agents.revive(agent, never);
    tellReceivers(scene);
  };
  switch (fault.action) {
    case 'pause':
      return {
        target,
        begin: () => agents.pause(agent),
        end: mended(() => agents.resume(agent)),
      };
    case 'kill': {
      const begin = async (): Promise<void> => {
        await agents.kill(agent);
        tellReceivers(scene);
      };
      return { target, begin, end: fault.forMs === null ? null : mended(startAgain) };
    }
    case 'restart': {
      const begin = async (): Promise<void> => {
        await agents.retire(agent, never);
        tellReceivers(scene);
      };
      return { target, begin, end: mended(startAgain) };
    }
    default:
      throw cannot(fault, target);
  }
}

/** Every client learns how many subscribers its topic has now. */
function tellReceivers({ agents, plan }: FaultScene): void {
  const alive = agents.agents.filter((agent) => !agent.endedByFault);
  const receivers = plan.receivers.map((planned, topic) => {
    const present = alive.flatMap((a) => a.servers).filter((server) => server.topic === topic);
    return Math.min(planned, new Set(present.map((server) => server.subscriber)).size);
  });
  agents.broadcast({ type: 'receivers', receivers });
}

/** Cuts the connections of some clients; it lasts until the last of these is back. */
export function disconnection(
  target: string,
  clients: readonly number[],
  { agents }: FaultScene,
): Injection {
  const away = new Set(clients);
  let onBack = (): void => {};
  let stopListening = (): void => {};
  return {
    target,
    begin: async () => {
      stopListening = agents.listen((_, message) => {
        if (message.type !== 'reconnected') return;
        away.delete(message.client);
        if (away.size === 0) onBack();
      });
      agents.broadcast({ type: 'disconnect', clients });
    },
    end: async (over) => {
      await new Promise<void>((resolve) => {
        onBack = resolve;
        if (away.size === 0 || over.aborted) resolve();
        over.addEventListener('abort', onBack, { once: true });
      });
      over.removeEventListener('abort', onBack);
      stopListening();
      return away.size === 0;
    },
  };
}
