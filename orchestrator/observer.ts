import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { nowUs } from '../agents/clock.ts';
import type { FromAgent, IntervalPart, Part } from '../agents/protocol.ts';
import { groupBy } from '../reports/reconcile/parts.ts';
import type { ProcessReport } from '../reports/result.ts';
import { patterns } from '../topologies/patterns.ts';
import type { ResolvedScenario } from '../topologies/scenario.ts';
import type { Agent } from './agents/agent.ts';
import { type AgentGroup, isPart } from './agents/agent-group.ts';
import type { Deployment } from './deployment.ts';
import { Sampler, type Watched } from './sampler.ts';

/** What a live display needs; sent on every step and twice a second while measuring. */
export interface RunProgress {
  readonly step: string;
  /** How far it came, if that can be told; empty otherwise. */
  readonly detail: string;
  readonly elapsedMs: number;
  /** Length of the timed phases together; null when a count ends them. */
  readonly totalMs: number | null;
  readonly due: number;
  readonly completed: number;
  readonly failed: number;
  /** Response time p99 of the newest complete second, µs; null before there is one. */
  readonly p99Us: number | null;
}

/** Progress that has only a step to tell of. */
export const quietProgress: RunProgress = {
  step: '',
  detail: '',
  elapsedMs: 0,
  totalMs: null,
  due: 0,
  completed: 0,
  failed: 0,
  p99Us: null,
};

type Progress = Extract<FromAgent, { type: 'progress' }>;

/** Listens to everything a run produces and keeps it for the evidence. */
export class Observer {
  readonly parts: { readonly process: number; readonly part: Part }[] = [];
  readonly #onProgress: (progress: RunProgress) => void;
  readonly #scenario: ResolvedScenario;
  readonly #latest = new Map<number, Progress>();
  readonly #exhausted = new Set<number>();
  /** The agents with clients. */
  #pacing: readonly Agent[] = [];
  #second: { readonly index: number; readonly histogram: Histogram } | null = null;
  #step = '';
  #detail = '';
  #timedFromUs: number | null = null;
  #sampler: Sampler | null = null;
  #onExhausted: () => void = () => {};

  constructor(scenario: ResolvedScenario, onProgress: (progress: RunProgress) => void) {
    this.#scenario = scenario;
    this.#onProgress = onProgress;
  }

  /** Names what happens now, and how far it came. */
  readonly step = (name: string, detail = ''): void => {
    this.#step = name;
    this.#detail = detail;
    this.#report();
  };

  /** From here on, elapsed time counts against the phases of the scenario. */
  beginTimed(startUs: number): void {
    this.#timedFromUs = startUs;
  }

  /** Listens to the agents and prepares to sample every process of the run. */
  watch(agents: AgentGroup, deployment: Deployment): void {
    agents.listen((agent, message) => this.#take(agent, message));
    this.#pacing = agents.agents.filter(({ clients }) => clients.length > 0);
    // One that a fault kills is not waited for.
    for (const agent of agents.agents) void agent.process.exited.then(() => this.#onExhausted());
    this.#sampler = new Sampler(watchedProcesses(agents, deployment));
  }

  /** Resolves when every living agent with clients has had its counted operations. */
  async exhausted(): Promise<void> {
    if (this.#allExhausted()) return;
    await new Promise<void>((resolve) => {
      this.#onExhausted = () => {
        if (this.#allExhausted()) resolve();
      };
    });
  }

  /**
   * Was every operation answered, so that nothing can come any more? Only calls can tell before the collection, and
   * not once one has failed: its reply may still be on the way, late but not lost.
   */
  settled(): boolean {
    if (!patterns[this.#scenario.workload.pattern].replies) return false;
    return this.#allExhausted() && this.#totals().failed === 0;
  }

  #allExhausted(): boolean {
    return this.#pacing.every(
      ({ index, channel }) => this.#exhausted.has(index) || channel.error !== null,
    );
  }

  /** CPU seconds used so far by all processes of the run but ours. */
  async cpuSeconds(): Promise<number> {
    return (await this.#sampler?.cpuSeconds()) ?? 0;
  }

  async startSampling(): Promise<void> {
    await this.#sampler?.start();
  }

  async stopSampling(): Promise<readonly ProcessReport[]> {
    return (await this.#sampler?.stop()) ?? [];
  }

  #take(agent: Agent, message: FromAgent): void {
    if (isPart(message)) {
      this.parts.push({ process: agent.index, part: message });
      if (message.type === 'interval') this.#addInterval(message);
    } else if (message.type === 'progress') {
      this.#latest.set(agent.index, message);
      this.#report();
    } else if (message.type === 'exhausted') {
      this.#exhausted.add(agent.index);
      this.#onExhausted();
    }
  }

  #addInterval(part: IntervalPart): void {
    if (part.response === null) return;
    const histogram = decodeFromCompressedBase64(part.response);
    const current = this.#second;
    if (current && current.index > part.second) return;
    if (current?.index === part.second) current.histogram.add(histogram);
    else this.#second = { index: part.second, histogram };
  }

  #totals(): { due: number; completed: number; failed: number } {
    const totals = { due: 0, completed: 0, failed: 0 };
    const { replies } = patterns[this.#scenario.workload.pattern];
    for (const progress of this.#latest.values()) {
      totals.due += progress.due;
      totals.completed += replies ? progress.completed : progress.delivered;
      totals.failed += progress.failed;
    }
    return totals;
  }

  #report(): void {
    const { warmupMs, measure, drainMs } = this.#scenario.phases;
    this.#onProgress({
      step: this.#step,
      detail: this.#detail,
      elapsedMs: this.#timedFromUs === null ? 0 : Math.max(0, nowUs() - this.#timedFromUs) / 1e3,
      totalMs: measure.kind === 'duration' ? warmupMs + measure.ms + drainMs : null,
      ...this.#totals(),
      p99Us: this.#second?.histogram.getValueAtPercentile(99) ?? null,
    });
  }
}

function isWatched({ host }: Agent): boolean {
  return host.samples !== false;
}

function watchedProcesses(agents: AgentGroup, { fabric, bus }: Deployment): Watched[] {
  return [
    ...bus.nodes.map((node): Watched => {
      const pid = (): number | null => node.process?.pid ?? null;
      return { role: 'bus', name: node.name, site: node.site, host: node.host, pid };
    }),
    ...[...groupBy(agents.agents.filter(isWatched), ({ playedBy }) => playedBy).values()].map(
      watchedAgents,
    ),
    ...fabric.processes.map((part): Watched => {
      const pid = (): number => part.process.pid;
      return { role: 'fabric', name: part.name, site: part.host.site, host: part.host, pid };
    }),
    orchestratorItself(),
  ];
}

/** The process of some agents: it is at a site only where they all are. */
function watchedAgents([first, ...others]: readonly Agent[]): Watched {
  if (first === undefined) throw new Error('a process without agents');
  const pid = (): number => first.process.pid;
  const { playedBy: name, site, host } = first;
  const alone = { role: 'agent' as const, name, site, host, pid };
  if (others.length === 0) return alone;
  const isThere = others.every((agent) => agent.site === site);
  const names = [first, ...others].map((agent) => agent.name);
  return { ...alone, site: isThere ? site : '', agents: names };
}

/** Our own children are watched one by one, so only this process counts here. */
function orchestratorItself(): Watched {
  const self = {
    sample: async () => {
      const { user, system } = process.cpuUsage();
      const cpuSeconds = (user + system) / 1e6;
      return [{ cpuSeconds, rssBytes: process.memoryUsage.rss(), sockets: 0 }];
    },
  };
  return { role: 'orchestrator', name: 'busbench', site: '', host: self, pid: () => process.pid };
}
