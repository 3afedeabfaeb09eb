import type { FromAgent } from '../../agents/protocol.ts';
import { AgentError } from '../errors.ts';
import type { Plan } from '../plan.ts';
import { within } from '../waiting.ts';
import type { Agent } from './agent-group.ts';

const probeEveryMs = 500;
const barrierMs = 120_000;

/**
 * Nothing starts before every client has proven every path it will use with a probe that arrived: answered
 * (call), or seen by every subscriber of its topic (cast 1, fanout all servers, notify all pools).
 */
export async function proveAllPaths(
  agents: readonly Agent[],
  paths: readonly (readonly number[])[],
  plan: Plan,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Map<number, number>();
  const owner = new Map<number, Agent>();
  agents.forEach((agent, i) => {
    agent.clients.forEach((client, c) => {
      const copies = plan.receivers[client.topic] ?? 1;
      missing.set(client.index, (paths[i]?.[c] ?? 1) * copies);
      owner.set(client.index, agent);
    });
  });
  if (missing.size === 0) return;
  const seen = new Map<number, Set<string>>();
  let proven = (): void => {};
  const all = new Promise<void>((resolve) => {
    proven = resolve;
  });
  const take = (message: FromAgent): void => {
    if (message.type !== 'probed') return;
    const done = new Map<Agent, number[]>();
    for (let i = 0; i + 2 < message.triples.length; i += 3) {
      const [client = 0, path = 0, subscriber = 0] = message.triples.slice(i, i + 3);
      const agent = owner.get(client);
      if (!agent || !missing.has(client)) continue;
      const of = seen.get(client) ?? new Set();
      seen.set(client, of.add(`${path} ${subscriber}`));
      if (of.size < (missing.get(client) ?? 0)) continue;
      missing.delete(client);
      seen.delete(client);
      done.set(agent, [...(done.get(agent) ?? []), client]);
    }
    for (const [agent, clients] of done) agent.channel.send({ type: 'proven', clients });
    if (missing.size === 0) proven();
  };
  const stops = agents.map((agent) => agent.channel.listen(take));
  const failures = agents.map((agent) => agent.channel.failed);
  try {
    for (const agent of agents) agent.channel.send({ type: 'probe', everyMs: probeEveryMs });
    await within(
      Promise.race([all, ...failures]),
      barrierMs,
      () => barrierMissed(missing, owner),
      signal,
    );
  } finally {
    for (const stop of stops) stop();
  }
}

function barrierMissed(
  missing: ReadonlyMap<number, unknown>,
  owner: ReadonlyMap<number, Agent>,
): AgentError {
  const some = [...missing.keys()].slice(0, 3).map((client) => {
    const peer = owner.get(client)?.clients.find((c) => c.index === client);
    return peer?.name ?? `client ${client}`;
  });
  return new AgentError(
    'READY_BARRIER',
    `${missing.size} of ${owner.size} clients could not prove their path within ${barrierMs / 1e3} s, ${some.join(', ')} among them`,
    'Is the bus reachable from that site? Look at the logs of its agent and of the bus nodes.',
  );
}
