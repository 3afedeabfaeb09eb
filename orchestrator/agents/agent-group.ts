import { nowUs } from '../../agents/clock.ts';
import type { FromAgent, Part, Schedule, ToAgent } from '../../agents/protocol.ts';
import type { Bus } from '../buses/bus.ts';
import { AgentError } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import { packAgents, thisMachine } from '../plan/packs.ts';
import type { Plan } from '../plan/plan.ts';
import { ResourceStack } from '../processes/resource-stack.ts';
import { within } from '../processes/waiting.ts';
import {
  type Agent,
  type AssignmentOf,
  agentDied,
  endGraceMs,
  openReceivers,
  spawnAgents,
  startPack,
} from './agent.ts';
import { AgentChannel } from './agent-channel.ts';
import { Clocks } from './clocks.ts';
import { connectClients, type OnStep } from './connect.ts';
import type { ProbeAccount } from './probe-book.ts';
import { proveAllRoutes } from './ready-barrier.ts';

const helloMs = 20_000;
const retireMs = 20_000;

/** What the agents are made ready on, and whom that is told. */
interface Surroundings {
  readonly bus: Bus;
  readonly plan: Plan;
  readonly onStep: OnStep;
}

/** How long it took, and what became of the probes. */
interface MadeReady {
  readonly connectMs: number;
  readonly barrierMs: number;
  readonly probes: ProbeAccount;
}

/** All agents of a run, from start to the ready barrier to collection. */
export class AgentGroup implements AsyncDisposable {
  readonly agents: readonly Agent[];
  readonly #logs: string;
  readonly #resources: ResourceStack;
  readonly #listeners = new Set<(agent: Agent, message: FromAgent) => void>();
  readonly #failure: Promise<never>;
  #fail: (error: Error) => void = () => {};
  readonly clocks: Clocks;
  #assignmentOf: AssignmentOf | null = null;
  #schedule: Schedule | null = null;

  private constructor(agents: readonly Agent[], logs: string, resources: ResourceStack) {
    this.agents = agents;
    this.#logs = logs;
    this.#resources = resources;
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => {});
    this.clocks = new Clocks(agents);
    resources.defer(() => this.clocks.stop());
    for (const agent of agents) this.#adopt(agent);
  }

  /** Starts every process that plays agents; rejects with an AgentError naming the first that cannot start. */
  static async start(
    plan: Plan,
    hosts: readonly Host[],
    logs: string,
    signal: AbortSignal,
  ): Promise<AgentGroup> {
    const resources = new ResourceStack();
    try {
      const started = await Promise.allSettled(
        packAgents(plan, thisMachine()).map((pack) => startPack(pack, hosts, logs, resources)),
      );
      // Only once all have been tried: one that starts late must not be forgotten.
      const agents = started.flatMap((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason;
        return outcome.value;
      });
      agents.sort((a, b) => a.index - b.index);
      const group = new AgentGroup(agents, logs, resources);
      await group.#greet(signal);
      return group;
    } catch (error) {
      await resources[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Watches the present life of an agent and passes on what it says. */
  #adopt(agent: Agent): void {
    const { process, channel } = agent;
    channel.listen((message) => {
      for (const listener of [...this.#listeners]) listener(agent, message);
    });
    channel.failed.catch((error: unknown) => {
      // What it said itself, and its silence, count at once; a broken pipe is explained by how the process ended.
      const explains = error instanceof AgentError && error.code !== 'AGENT_CHANNEL';
      if (explains && !agent.endedByFault) this.#fail(error);
    });
    void process.exited.then((status) => {
      const died = agentDied(agent, status);
      channel.fail(died);
      if (!agent.endedByFault) this.#fail(channel.error ?? died);
    });
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const hellos = await this.#all((agent) => agent.channel.next('hello', helloMs, signal));
    await this.clocks.identify(
      hellos.map(({ clock }) => clock),
      signal,
    );
  }

  /**
   * Gives every agent its peers, opens receivers, then senders, and returns when every client has proven
   * every route it will use. Rejects with the first failure, or AGENT_SILENT.
   */
  async makeReady(
    assignmentOf: AssignmentOf,
    { bus, plan, onStep }: Surroundings,
    signal: AbortSignal,
  ): Promise<MadeReady> {
    const from = performance.now();
    onStep('opening the servers');
    this.#assignmentOf = assignmentOf;
    await this.#all((agent) => openReceivers(agent, assignmentOf, signal));
    const announced = new Map(this.agents.map((agent) => [agent.index, agent.announced]));
    const directories = await bus.directory(this.agents, announced, signal);
    const routes = await connectClients(this.agents, directories, onStep, signal);
    const connected = performance.now();
    onStep('ready barrier');
    const onProgress = (proven: number, clients: number): void => {
      onStep('ready barrier', `${proven} of ${clients} clients proven`);
    };
    const barrier = { agents: this.agents, routes, plan, onProgress };
    const probes = await proveAllRoutes(barrier, signal);
    const barrierMs = performance.now() - connected;
    return { probes, connectMs: connected - from, barrierMs };
  }

  /** Sends to every living agent. */
  broadcast(message: ToAgent): void {
    for (const agent of this.agents) agent.channel.send(message);
  }

  /** The same moment in each agent's own clock. Our clock in, µs. */
  startAll(startUs: number, measureUs: number, measureEndUs: number | null): void {
    this.#schedule = { startUs, measureUs, measureEndUs };
    for (const agent of this.agents) {
      agent.channel.send({ type: 'start', schedule: this.#scheduleFor(agent, this.#schedule) });
    }
  }

  #scheduleFor(agent: Agent, { startUs, measureUs, measureEndUs }: Schedule): Schedule {
    const there = (ourUs: number): number => this.clocks.momentFor(agent, ourUs);
    return {
      startUs: there(startUs),
      measureUs: there(measureUs),
      measureEndUs: measureEndUs === null ? null : there(measureEndUs),
    };
  }

  /** Fault: stops an agent where it stands, until `resume`. */
  async pause(agent: Agent): Promise<void> {
    agent.channel.watchSilence(false);
    await agent.process.signal('SIGSTOP');
  }

  async resume(agent: Agent): Promise<void> {
    await agent.process.signal('SIGCONT');
    agent.channel.watchSilence(true);
  }

  /** Fault: ends an agent like a crash. What only it knew is unknown. */
  async kill(agent: Agent): Promise<void> {
    agent.endedByFault = true;
    agent.recordsLost = true;
    await agent.process.signal('SIGKILL');
    await agent.process.exited;
  }

  /** Fault: ends an agent in its orderly way. It hands over what it knows first, so that nothing becomes unknown. */
  async retire(agent: Agent, signal: AbortSignal): Promise<void> {
    agent.endedByFault = true;
    const collected = agent.channel.next('collected', retireMs, signal);
    agent.channel.send({ type: 'leave' });
    agent.channel.send({ type: 'collect' });
    await collected;
    agent.channel.send({ type: 'stop' });
    await agent.process.end(endGraceMs);
  }

  /** Fault: starts a server's process again; settles when its receivers are open, where they were found before. */
  async revive(agent: Agent, signal: AbortSignal): Promise<void> {
    const assignmentOf = this.#assignmentOf;
    if (assignmentOf === null || this.#schedule === null) throw new Error('nothing runs yet');
    const { name, index, host } = agent;
    const { process, lines } = await spawnAgents(name, host, this.#logs, this.#resources);
    Object.assign(agent, { process, channel: new AgentChannel(name, index, lines) });
    agent.endedByFault = false;
    this.#adopt(agent);
    await agent.channel.next('hello', helloMs, signal);
    agent.channel.send(this.clocks.offsetsFor(agent));
    await openReceivers(agent, assignmentOf, signal);
    const schedule = this.#scheduleFor(agent, this.#schedule);
    agent.channel.send({ type: 'start', schedule, resumed: true });
  }

  /** Rejects as soon as an agent fails that no fault has ended; never resolves. */
  firstFailure(): Promise<never> {
    return this.#failure;
  }

  /** Calls `listener` with every message of every agent, in whatever life. */
  listen(listener: (agent: Agent, message: FromAgent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Asks every living agent for its parts, which arrive through `listen`; returns the indices of those that
   * gave all. One that died, or is late, is left out: the caller says so in the result.
   */
  async collect(timeoutMs: number, signal: AbortSignal): Promise<ReadonlySet<number>> {
    const done = new Set<number>();
    await Promise.allSettled(
      this.agents.map(async (agent) => {
        const collected = agent.channel.next('collected', timeoutMs, signal);
        agent.channel.send({ type: 'collect' });
        await collected;
        done.add(agent.index);
      }),
    );
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.broadcast({ type: 'stop' });
    const gone = Promise.all(this.agents.map((agent) => agent.process.exited));
    const never = new AbortController().signal;
    await within(gone, endGraceMs, () => new Error('late'), never).catch(() => {});
    await this.#resources[Symbol.asyncDispose]();
  }

  /** Runs `step` for every agent at once; the first failure counts and names its agent. */
  async #all<T>(step: (agent: Agent) => Promise<T>): Promise<T[]> {
    return Promise.all(this.agents.map(step));
  }
}

/** Is this message one of the parts that make the result? */
export function isPart(message: FromAgent): message is Part {
  switch (message.type) {
    case 'histogram':
    case 'interval':
    case 'clientLedger':
    case 'serverLedger':
    case 'arrivals':
    case 'peers':
    case 'collected':
      return true;
    default:
      return false;
  }
}

/**
 * Milliseconds to sleep until a moment of our clock (µs), at most 2 late and never early, as timers are by up to one: a
 * fault that is due with a second must not fall into the one before.
 */
export function msUntil(momentUs: number): number {
  const restMs = (momentUs - nowUs()) / 1e3;
  return restMs <= 0 ? 0 : Math.ceil(restMs) + 1;
}
