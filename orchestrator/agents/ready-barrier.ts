import type { FromAgent } from '../../agents/protocol.ts';
import { AgentError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { within } from '../waiting.ts';
import type { Agent } from './agent.ts';

const probeEveryMs = 500;
const barrierMs = 60_000;

/** What one client still has to show: ways to a server, and subscribers that have its probe. */
interface Proof {
  readonly agent: Agent;
  readonly wantedPaths: number;
  readonly wantedSubscribers: number;
  readonly paths: Set<number>;
  readonly subscribers: Set<number>;
}

/**
 * Nothing starts before every client has proven every path it will use, and has reached every subscriber of its
 * topic (one for call and cast, all servers for fanout, all pools for notify), with a probe that arrived.
 * Behind a broker one path leads to all subscribers; where peers dial peers each path leads to one.
 */
export async function proveAllPaths(
  agents: readonly Agent[],
  paths: readonly (readonly number[])[],
  plan: Plan,
  signal: AbortSignal,
): Promise<void> {
  const missing = proofsOf(agents, paths, plan);
  const clients = missing.size;
  if (clients === 0) return;
  let proven = (): void => {};
  const all = new Promise<void>((resolve) => {
    proven = resolve;
  });
  const take = (message: FromAgent): void => {
    if (message.type !== 'probed') return;
    for (const [agent, done] of takeProofs(missing, message.triples)) {
      agent.channel.send({ type: 'proven', clients: done });
    }
    if (missing.size === 0) proven();
  };
  const stops = agents.map((agent) => agent.channel.listen(take));
  const failures = agents.map((agent) => agent.channel.failed);
  try {
    for (const agent of agents) agent.channel.send({ type: 'probe', everyMs: probeEveryMs });
    const late = (): Error => barrierMissed(missing, clients);
    await within(Promise.race([all, ...failures]), barrierMs, late, signal);
  } finally {
    for (const stop of stops) stop();
  }
}

function proofsOf(
  agents: readonly Agent[],
  paths: readonly (readonly number[])[],
  plan: Plan,
): Map<number, Proof> {
  const proofs = new Map<number, Proof>();
  agents.forEach((agent, i) => {
    agent.clients.forEach((client, c) => {
      proofs.set(client.index, {
        agent,
        wantedPaths: paths[i]?.[c] ?? 1,
        wantedSubscribers: plan.receivers[client.topic] ?? 1,
        paths: new Set(),
        subscribers: new Set(),
      });
    });
  });
  return proofs;
}

/** Enters triples of client, path, subscriber; takes out and returns the clients that are done, by agent. */
function takeProofs(
  missing: Map<number, Proof>,
  triples: readonly number[],
): ReadonlyMap<Agent, number[]> {
  const done = new Map<Agent, number[]>();
  for (let i = 0; i + 2 < triples.length; i += 3) {
    const client = triples[i] ?? 0;
    const proof = missing.get(client);
    if (!proof) continue;
    proof.paths.add(triples[i + 1] ?? 0);
    proof.subscribers.add(triples[i + 2] ?? 0);
    if (proof.paths.size < proof.wantedPaths) continue;
    if (proof.subscribers.size < proof.wantedSubscribers) continue;
    missing.delete(client);
    const ofAgent = done.get(proof.agent) ?? [];
    done.set(proof.agent, ofAgent);
    ofAgent.push(client);
  }
  return done;
}

function barrierMissed(missing: ReadonlyMap<number, Proof>, clients: number): AgentError {
  const some = [...missing].slice(0, 3).map(([index, proof]) => {
    const peer = proof.agent.clients.find((client) => client.index === index);
    const { paths, wantedPaths, subscribers, wantedSubscribers } = proof;
    return `${peer?.name} (${paths.size} of ${wantedPaths} paths, ${subscribers.size} of ${wantedSubscribers} subscribers)`;
  });
  return new AgentError(
    'READY_BARRIER',
    `${missing.size} of ${clients} clients could not prove their path within ${barrierMs / 1e3} s: ${some.join(', ')} ...`,
    'Is the bus reachable from that site? Look at the logs of its agent and of the bus nodes.',
  );
}
