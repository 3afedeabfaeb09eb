import type { FromAgent } from '../../agents/protocol.ts';
import { itemAt } from '../../topologies/item-at.ts';
import { AgentError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import { within } from '../processes/waiting.ts';
import type { Agent } from './agent.ts';
import { type ProbeAccount, ProbeBook, type Prover } from './probe-book.ts';

/** The barrier may take this long, and longer by so much for each answer it needs. */
const barrierMs = 60_000;
const barrierMsAnAnswer = 10;
/** When nothing has come for this long, what is under way is taken for lost; each time twice as long. */
const patienceMs = 2_000;
/** Answers may still come to probes that were taken for lost; when none has for this long, none is waited for any more. */
const stragglersMs = 3_000;
const tickMs = 50;
const tellEveryMs = 1_000;

export interface Barrier {
  readonly agents: readonly Agent[];
  /** Of each agent's clients, in order: how many routes lead to servers. */
  readonly routes: readonly (readonly number[])[];
  readonly plan: Plan;
  readonly onProgress: (proven: number, clients: number) => void;
}

/**
 * Nothing starts before every client has proven every route it will use, and has reached every subscriber of its
 * topic (one for call and cast, all servers for fanout, all pools for notify), with a probe that arrived; and not
 * before every probe is accounted for, or nothing has come for a while: what is then `leftOver` may be anywhere.
 */
export async function proveAllRoutes(barrier: Barrier, signal: AbortSignal): Promise<ProbeAccount> {
  const { agents } = barrier;
  const provers = proversOf(barrier);
  const book = new ProbeBook(provers);
  if (provers.length === 0) return book.account();
  const waves = new Waves(barrier, book);
  const stops = agents.map((agent) => agent.channel.listen((message) => waves.take(message)));
  const failures = agents.map((agent) => agent.channel.failed);
  const timer = setInterval(() => waves.tick(), tickMs);
  try {
    waves.tick();
    const answers = provers.reduce((sum, { routes, subscribers }) => sum + routes * subscribers, 0);
    const limitMs = barrierMs + barrierMsAnAnswer * answers;
    const late = (): Error => barrierMissed(barrier, provers, book, limitMs);
    await within(Promise.race([waves.over, ...failures]), limitMs, late, signal);
    return book.account();
  } finally {
    clearInterval(timer);
    for (const stop of stops) stop();
  }
}

/** Probes on their way, wave after wave, until all is proven and accounted for. */
class Waves {
  readonly over: Promise<void>;
  readonly #barrier: Barrier;
  readonly #book: ProbeBook;
  readonly #clients: number;
  #end: () => void = () => {};
  #lastMs = performance.now();
  #patienceMs = patienceMs;
  #toldMs = performance.now();

  constructor(barrier: Barrier, book: ProbeBook) {
    this.#barrier = barrier;
    this.#book = book;
    this.#clients = book.unproven.size;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  take(message: FromAgent): void {
    if (message.type !== 'probed') return;
    const { answered, returned, notTaken } = message;
    const now = performance.now();
    for (let i = 0; i < answered.length; i += 3) {
      this.#book.answered(itemAt(answered, i), itemAt(answered, i + 1), itemAt(answered, i + 2));
    }
    for (let i = 0; i < returned.length; i += 2) {
      this.#book.returned(itemAt(returned, i), itemAt(returned, i + 1), now);
    }
    for (let i = 0; i < notTaken.length; i += 2) {
      this.#book.notTaken(itemAt(notTaken, i), itemAt(notTaken, i + 1), now);
    }
    // A probe that was not taken says nothing of those under way.
    if (answered.length + returned.length > 0) this.#lastMs = now;
    this.#goOn(now);
  }

  tick(): void {
    const now = performance.now();
    const { unproven } = this.#book;
    if (unproven.size > 0 && now - this.#lastMs > this.#patienceMs) {
      this.#book.presumeLost();
      this.#patienceMs *= 2;
      this.#lastMs = now;
    }
    if (now - this.#toldMs > tellEveryMs) {
      this.#toldMs = now;
      this.#barrier.onProgress(this.#clients - unproven.size, this.#clients);
    }
    this.#goOn(now);
  }

  #goOn(nowMs: number): void {
    for (const [agent, probes] of this.#book.take(nowMs)) {
      const pairs = probes.flatMap(({ client, route }) => [client, route]);
      itemAt(this.#barrier.agents, agent).channel.send({ type: 'probe', pairs });
    }
    if (this.#book.unproven.size > 0) return;
    const isSilent = nowMs - this.#lastMs > stragglersMs;
    if (isSilent || this.#book.account().leftOver === 0) this.#end();
  }
}

function proversOf({ agents, routes, plan }: Barrier): Prover[] {
  return agents.flatMap(({ clients }, agent) =>
    clients.map(({ index, topic }, position): Prover => {
      const ways = itemAt(itemAt(routes, agent), position);
      return { client: index, agent, routes: ways, subscribers: itemAt(plan.receivers, topic) };
    }),
  );
}

function barrierMissed(
  { plan }: Barrier,
  provers: readonly Prover[],
  book: ProbeBook,
  limitMs: number,
): AgentError {
  const missing = provers.filter(({ client }) => book.unproven.has(client));
  const some = missing.slice(0, 3).map(({ client, routes, subscribers }) => {
    const came = book.progress(client);
    return `${itemAt(plan.clients, client).name} (${came.routes} of ${routes} routes, ${came.subscribers} of ${subscribers} subscribers)`;
  });
  const { sent, answered, returned } = book.account();
  return new AgentError(
    'READY_BARRIER',
    `${missing.length} of ${provers.length} clients could not prove their route within ${Math.round(limitMs / 1e3)} s: ${some.join(', ')} ...; of ${sent} probes ${answered} were answered and the bus returned ${returned}`,
    'Is the bus reachable from that site? Look at the logs of its agent and of the bus nodes.',
  );
}
