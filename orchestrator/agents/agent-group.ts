import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { nowUs } from '../../agents/clock.ts';
import type { Announcement, Assignment, FromAgent, Part, ToAgent } from '../../agents/protocol.ts';
import type { AgentProcess, Bus } from '../buses/bus.ts';
import { AgentError } from '../errors.ts';
import type { ExitStatus, Host, HostProcess } from '../hosts/host.ts';
import type { Plan } from '../plan.ts';
import { programPath } from '../program.ts';
import { ResourceStack } from '../resource-stack.ts';
import { within } from '../waiting.ts';
import { AgentChannel } from './agent-channel.ts';
import { type ClockOffset, measureOffset, offsetsSeenBy, reconcileOffsets } from './clock-sync.ts';
import { proveAllPaths } from './ready-barrier.ts';

/** One agent process of the run and our end of its protocol. */
export interface Agent extends AgentProcess {
  readonly role: 'client' | 'server' | 'both';
  readonly site: string;
  readonly process: HostProcess;
  readonly channel: AgentChannel;
  /** A fault is killing it on purpose: its death is no failure of the run. */
  doomed: boolean;
}

const helloMs = 20_000;
const openMs = 60_000;
const endGraceMs = 2_000;

/** All agents of a run, from start to the ready barrier to collection. */
export class AgentGroup implements AsyncDisposable {
  readonly agents: readonly Agent[];
  readonly #resources: ResourceStack;
  #keys: string[] = [];
  #offsets: readonly ClockOffset[] = [];
  /** Bound of the error between any two clocks of the run, µs; 0 when all share one. */
  clockUncertaintyUs = 0;

  private constructor(agents: readonly Agent[], resources: ResourceStack) {
    this.agents = agents;
    this.#resources = resources;
  }

  /** Starts every agent process on its host; rejects with an AgentError naming the first that cannot start. */
  static async start(
    plan: Plan,
    hosts: readonly Host[],
    logs: string,
    signal: AbortSignal,
  ): Promise<AgentGroup> {
    const resources = new ResourceStack();
    try {
      const agents: Agent[] = [];
      for (const planned of plan.processes) {
        const host = hostAt(hosts, planned.site, planned.index);
        const process = await host.spawn(agentCommand(), {
          logFile: join(logs, `${planned.name}.log`),
          stdio: 'pipe',
        });
        resources.defer(async () => {
          await process.end(endGraceMs);
        });
        const { stdin, stdout } = process;
        if (!stdin || !stdout) throw new Error(`agent ${planned.name} was started without pipes`);
        const channel = new AgentChannel(planned.name, stdout, stdin);
        const agent: Agent = { ...planned, host, process, channel, doomed: false };
        void process.exited.then((status) => channel.fail(agentDied(agent, status)));
        agents.push(agent);
      }
      const group = new AgentGroup(agents, resources);
      await group.#greet(signal);
      return group;
    } catch (error) {
      await resources[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const hellos = await this.#all((agent) => agent.channel.next('hello', helloMs, signal));
    this.#keys = hellos.map((hello) => `${hello.bootId} ${hello.timeNamespace}`);
    await this.syncClocks(signal);
  }

  /** Measures every clock again; called before, during and after the measuring window. */
  async syncClocks(signal: AbortSignal): Promise<void> {
    const own = ownClockKey();
    const alive = this.agents.filter((agent) => agent.channel.error === null);
    const fresh = new Map<number, ClockOffset>();
    await Promise.all(
      alive.map(async (agent) => {
        const sameAsOurs = this.#keys[agent.index] === own;
        const offset = sameAsOurs
          ? { offsetUs: 0, uncertaintyUs: 0 }
          : await measureOffset(agent.channel, signal);
        fresh.set(agent.index, offset);
      }),
    );
    const unknown = { offsetUs: 0, uncertaintyUs: Number.POSITIVE_INFINITY };
    const measured = this.#keys.map((_, i) => fresh.get(i) ?? this.#offsets[i] ?? unknown);
    this.#offsets = reconcileOffsets(this.#keys, measured, own);
    for (const agent of alive) {
      const seen = offsetsSeenBy(agent.index, this.#keys, this.#offsets);
      this.clockUncertaintyUs = Math.max(this.clockUncertaintyUs, ...seen.uncertaintyUs);
      agent.channel.send({ type: 'offsets', ...seen });
    }
  }

  /**
   * Gives every agent its peers, opens receivers, then senders, and returns when every client has proven
   * every path it will use. Rejects with the first failure, or AGENT_SILENT.
   */
  async makeReady(
    assignmentOf: (agent: Agent) => Promise<Assignment>,
    bus: Bus,
    receivers: Plan,
    signal: AbortSignal,
  ): Promise<void> {
    const announced = new Map<number, readonly Announcement[]>();
    await this.#all(async (agent) => {
      const assignment = await assignmentOf(agent);
      const opened = agent.channel.next('opened', openMs, signal);
      agent.channel.send({ type: 'assign', assignment });
      announced.set(agent.index, (await opened).announcements);
    });
    const directories = await bus.directory(this.agents, announced, signal);
    const paths = await this.#all(async (agent) => {
      const connected = agent.channel.next('connected', openMs, signal);
      agent.channel.send({ type: 'directory', directory: directories[agent.index] ?? null });
      return (await connected).paths;
    });
    await proveAllPaths(this.agents, paths, receivers, signal);
  }

  /** Sends to every living agent. */
  broadcast(message: ToAgent): void {
    for (const agent of this.agents) agent.channel.send(message);
  }

  /** The same moment in each agent's own clock. Our clock in, µs. */
  startAll(startUs: number, measureUs: number, measureEndUs: number | null): void {
    for (const agent of this.agents) {
      const offsetUs = this.#offsets[agent.index]?.offsetUs ?? 0;
      const schedule = {
        startUs: startUs + offsetUs,
        measureUs: measureUs + offsetUs,
        measureEndUs: measureEndUs === null ? null : measureEndUs + offsetUs,
      };
      agent.channel.send({ type: 'start', schedule });
    }
  }

  /** Rejects as soon as an agent fails that no fault has doomed; never resolves. */
  async firstFailure(): Promise<never> {
    const failures = this.agents.map(async (agent) => {
      const status = await agent.process.exited;
      if (agent.doomed) return new Promise<never>(() => {});
      throw agent.channel.error ?? agentDied(agent, status);
    });
    return Promise.race(failures);
  }

  /** Calls `listener` with every message of every agent. */
  listen(listener: (agent: Agent, message: FromAgent) => void): () => void {
    const stops = this.agents.map((agent) =>
      agent.channel.listen((message) => listener(agent, message)),
    );
    return () => {
      for (const stop of stops) stop();
    };
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

function agentCommand(): readonly string[] {
  return [process.execPath, '--max-semi-space-size=32', programPath('agents/main')];
}

function ownClockKey(): string {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${bootId} ${readlinkSync('/proc/self/ns/time')}`;
}

function agentDied(agent: Agent, status: ExitStatus): AgentError {
  const how =
    status.signal === null ? `exited with code ${status.code}` : `died by ${status.signal}`;
  const at = new Date().toISOString();
  return new AgentError(
    'AGENT_DIED',
    `agent ${agent.name} (pid ${agent.process.pid}, site ${agent.site}) ${how} at ${at}`,
    `Read logs/${agent.name}.log of the result. An out-of-memory killer or a stray kill looks like this.`,
  );
}

/**
 * Milliseconds to sleep until a moment of our clock (µs), at most 2 late and never early, as timers are by up to one: a
 * fault that is due with a second must not fall into the one before.
 */
export function msUntil(momentUs: number): number {
  const restMs = (momentUs - nowUs()) / 1e3;
  return restMs <= 0 ? 0 : Math.ceil(restMs) + 1;
}

/** Processes of one site take turns on its hosts. */
function hostAt(hosts: readonly Host[], site: string, index: number): Host {
  const here = hosts.filter((host) => host.site === site);
  const host = here[index % here.length];
  if (!host) throw new Error(`the fabric made no host for site ${site}`);
  return host;
}
