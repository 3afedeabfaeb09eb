import { Agent } from '../../agents/agent.ts';
import { Alarm } from '../../agents/alarm.ts';
import type { Channel } from '../../agents/channel.ts';
import { nowUs } from '../../agents/clock.ts';
import type { Session } from '../../agents/drivers/driver.ts';
import type { MemoryEndpoint } from '../../agents/drivers/memory/endpoint.ts';
import type { MemorySession } from '../../agents/drivers/memory/memory.ts';
import { loadDriver } from '../../agents/drivers/registry.ts';
import type {
  Assignment,
  ClientLedger,
  FromAgent,
  Part,
  ServerLedger,
} from '../../agents/protocol.ts';
import { Vitals } from '../../agents/vitals.ts';
import type { WorkloadSpec } from '../../topologies/scenario.ts';
import { faultless } from './memory.ts';
import { base } from './resolved.ts';

export const sites: readonly string[] = ['paris', 'lyon', 'nice'];

export const callWorkload: WorkloadSpec = {
  ...base.workload,
  pace: { kind: 'open', ratePerSecond: 500, arrivals: 'constant', ramp: [] },
  body: { kind: 'fixed', bytes: 256 },
  timeoutMs: 300,
};

/** An assignment of one process that plays all peers over the memory driver. */
export function memoryAssignment(
  workload: Partial<WorkloadSpec> = {},
  endpoint: Partial<MemoryEndpoint> = {},
  over: Partial<Assignment> & { readonly clientCount?: number; readonly serverCount?: number } = {},
): Assignment {
  const { clientCount = 6, serverCount = 3, ...rest } = over;
  const spec = { ...callWorkload, ...workload };
  const subscriberOf = (server: number): number => {
    if (spec.pattern === 'fanout') return server;
    return spec.pattern === 'notify' ? server % spec.pools : 0;
  };
  const copies = { call: 1, cast: 1, fanout: serverCount, notify: spec.pools }[spec.pattern];
  return {
    run: 'test',
    runTag: 4711,
    process: 'both.paris',
    processIndex: 0,
    sites,
    clients: Array.from({ length: clientCount }, (_, index) => ({
      index,
      name: `both.paris/${index}`,
      site: index % sites.length,
      topic: 0,
      server: null,
    })),
    servers: Array.from({ length: serverCount }, (_, index) => ({
      index,
      name: `both.paris/s${index}`,
      site: index % sites.length,
      topic: 0,
      subscriber: subscriberOf(index),
    })),
    totalClients: clientCount,
    receivers: [copies],
    bus: { driver: 'memory', endpoint: { ...faultless, ...endpoint } },
    guarantee: 'at-most-once',
    connections: 'own',
    openAtOnce: 64,
    failover: false,
    reconnect: { minMs: 50, maxMs: 100 },
    workload: spec,
    callsPerClient: null,
    seed: 3,
    ...rest,
  };
}

/** An agent in this process, its messages, and the memory bus under it. */
export class AgentRun {
  readonly messages: FromAgent[] = [];
  readonly log: string[] = [];
  readonly agent: Agent;
  session: MemorySession | null = null;
  exitCode: number | null = null;
  readonly #waiting: { readonly type: string; readonly resolve: (message: FromAgent) => void }[] =
    [];

  constructor() {
    const channel: Channel = {
      send: (message) => this.#take(message),
      congested: false,
      drained: () => Promise.resolve(),
    };
    this.agent = new Agent(
      channel,
      {
        nowUs,
        makeWaker: (onWake) => new Alarm(onWake),
        vitals: new Vitals(nowUs),
        limitSilence: () => {},
        loadDriver: async (name) => {
          const driver = await loadDriver(name);
          return {
            connect: async (options, signal) => {
              const session = await driver.connect(options, signal);
              this.session = session as Session as MemorySession;
              return session;
            },
          };
        },
        pid: process.pid,
        clock: 'test',
        log: (line) => this.log.push(line),
      },
      (exitCode) => {
        this.exitCode = exitCode;
      },
    );
  }

  /** The first message of this type, sent or to come; rejects after 10 s or when the agent fails. */
  async next<T extends FromAgent['type']>(type: T): Promise<Extract<FromAgent, { type: T }>> {
    const known = this.messages.find((message) => message.type === type);
    const message =
      known ??
      (await new Promise<FromAgent>((resolve, reject) => {
        const timeout = setTimeout(() => reject(new Error(`no '${type}' within 10 s`)), 10_000);
        const settle = (result: FromAgent): void => {
          clearTimeout(timeout);
          if (result.type === type) resolve(result);
          else reject(new Error(`expected '${type}', got ${JSON.stringify(result)}`));
        };
        this.#waiting.push({ type, resolve: settle });
        if (type !== 'failed') this.#waiting.push({ type: 'failed', resolve: settle });
      }));
    return message as Extract<FromAgent, { type: T }>;
  }

  /** From hello to proven routes. */
  async makeReady(assignment: Assignment): Promise<void> {
    this.agent.receive({ type: 'hello', version: 3, silenceMs: 60_000 });
    this.agent.receive({ type: 'offsets', atUs: 0, offsetUs: [0], drift: [0] });
    this.agent.receive({ type: 'assign', assignment });
    await this.next('opened');
    this.agent.receive({ type: 'directory', directory: null });
    await this.next('connected');
    const pairs = assignment.clients.flatMap(({ index }) => [index, 0]);
    this.agent.receive({ type: 'probe', pairs });
    await this.next('probed');
  }

  /** Starts measuring in 50 ms, after a warm-up; a window of 0 is open-ended. Returns when it starts, µs. */
  start(warmupMs: number, measureMs: number): number {
    const startUs = nowUs() + 50_000;
    const measureUs = startUs + warmupMs * 1e3;
    const measureEndUs = measureMs === 0 ? null : measureUs + measureMs * 1e3;
    this.agent.receive({ type: 'start', schedule: { startUs, measureUs, measureEndUs } });
    return measureUs;
  }

  async collect(): Promise<Collection> {
    this.agent.receive({ type: 'collect' });
    await this.next('collected');
    return new Collection(this.messages);
  }

  #take(message: FromAgent): void {
    this.messages.push(message);
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.type === message.type) waiting.resolve(message);
      else this.#waiting.push(waiting);
    }
  }
}

/** Runs a whole measurement and stops the agent: 100 ms of warm-up, then the window, then the drain. */
export async function measure(
  assignment: Assignment,
  measureMs: number,
  drainMs: number,
  during: (run: AgentRun, measureUs: number) => Promise<void> = async () => {},
): Promise<{ run: AgentRun; parts: Collection }> {
  const run = new AgentRun();
  try {
    await run.makeReady(assignment);
    const measureUs = run.start(100, measureMs);
    const end = sleep(150 + measureMs + drainMs);
    await during(run, measureUs);
    await end;
    return { run, parts: await run.collect() };
  } finally {
    await run.agent.close(0);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What an agent collected, by type. */
export class Collection {
  readonly #messages: readonly FromAgent[];

  constructor(messages: readonly FromAgent[]) {
    this.#messages = messages;
  }

  of<T extends Part['type']>(type: T): Extract<Part, { type: T }>[] {
    return this.#messages.filter(
      (message): message is Extract<Part, { type: T }> => message.type === type,
    );
  }

  get clients(): ClientLedger[] {
    return this.of('clientLedger').flatMap(({ entries }) => entries);
  }

  get servers(): ServerLedger[] {
    return this.of('serverLedger').flatMap(({ entries }) => entries);
  }

  failed(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const { failed } of this.clients) {
      for (const [outcome, count] of Object.entries(failed)) {
        all[outcome] = (all[outcome] ?? 0) + count;
      }
    }
    return all;
  }
}

export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
