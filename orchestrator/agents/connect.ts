import type { Directory } from '../../agents/drivers/endpoint.ts';
import type { Agent } from './agent.ts';

/** All clients are connected within this time, and so much more for each. */
const openMs = 60_000;
const openMsAPeer = 20;

/** Says what happens now, and how far it came. */
export type OnStep = (step: string, detail?: string) => void;

/**
 * Connects every agent's clients, told how to reach the receivers; resolves with the number of routes of each client, by
 * agent. Rejects with the first failure, or AGENT_SILENT.
 */
export async function connectClients(
  agents: readonly Agent[],
  directories: readonly Directory[],
  onStep: OnStep,
  signal: AbortSignal,
): Promise<readonly (readonly number[])[]> {
  const step = 'connecting the clients';
  onStep(step);
  const clients = agents.reduce((sum, agent) => sum + agent.clients.length, 0);
  const opened = new Map<Agent, number>();
  const stops = agents.map((agent) =>
    agent.channel.listen((message) => {
      if (message.type !== 'opening') return;
      opened.set(agent, message.clients);
      onStep(step, `${[...opened.values()].reduce((a, b) => a + b, 0)} of ${clients}`);
    }),
  );
  try {
    return await Promise.all(
      agents.map(async (agent) => {
        const limitMs = openMs + openMsAPeer * clients;
        const connected = agent.channel.next('connected', limitMs, signal);
        agent.channel.send({ type: 'directory', directory: directories[agent.index] ?? null });
        return (await connected).routes;
      }),
    );
  } finally {
    for (const stop of stops) stop();
  }
}
