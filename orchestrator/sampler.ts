import { nowUs } from '../agents/clock.ts';
import type { ProcessReport } from '../reports/result.ts';
import type { Host, ProcessSample } from './hosts/host.ts';
import { within } from './processes/waiting.ts';

/** A process whose use of the machine is reported. */
export interface Watched {
  readonly role: ProcessReport['role'];
  readonly name: string;
  readonly site: string;
  /** The agents that it plays, where they are several. */
  readonly agents?: readonly string[];
  readonly host: Pick<Host, 'sample'>;
  readonly pid: () => number | null;
}

interface Track {
  firstUs: number;
  last: { readonly atUs: number; readonly pid: number; readonly sample: ProcessSample } | null;
  cpuSeconds: number;
  rssMaxBytes: number;
  socketsMax: number;
}

const everyMs = 1_000;
/** A host that answers later has no sample of that second; a dead one must not hold up the run. */
const sampleTimeoutMs = 1_000;

/** Samples CPU, memory and sockets of every process once a second, from `start` to `stop`. */
export class Sampler {
  readonly #watched: readonly Watched[];
  readonly #tracks: Track[];
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> = Promise.resolve();

  constructor(watched: readonly Watched[]) {
    this.#watched = watched;
    this.#tracks = watched.map(() => {
      return { firstUs: 0, last: null, cpuSeconds: 0, rssMaxBytes: 0, socketsMax: 0 };
    });
  }

  async start(): Promise<void> {
    await this.#sampleAll();
    let busy = false;
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#round = this.#sampleAll().finally(() => {
        busy = false;
      });
    }, everyMs);
  }

  /** CPU seconds used so far by all processes that are watched, ours left out. */
  async cpuSeconds(): Promise<number> {
    const others = this.#watched.filter(({ role }) => role !== 'orchestrator');
    const samples = await sampleEach(others);
    return samples.reduce((sum, taken) => sum + (taken?.sample.cpuSeconds ?? 0), 0);
  }

  /** Takes a last sample and reports; CPU is that of the time between first and last sample. */
  async stop(): Promise<readonly ProcessReport[]> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#round;
    await this.#sampleAll();
    return this.#watched.map((watched, i) => report(watched, this.#tracks[i]));
  }

  async #sampleAll(): Promise<void> {
    const samples = await sampleEach(this.#watched);
    for (const [i, taken] of samples.entries()) {
      const track = this.#tracks[i];
      if (track !== undefined && taken !== null) enter(track, taken.pid, taken.sample);
    }
  }
}

interface Taken {
  readonly pid: number;
  readonly sample: ProcessSample;
}

/** A sample of each, one question a host; null for a process that is gone, or whose host does not answer. */
async function sampleEach(watched: readonly Watched[]): Promise<readonly (Taken | null)[]> {
  const found: (Taken | null)[] = watched.map(() => null);
  const byHost = new Map<Watched['host'], { readonly at: number; readonly pid: number }[]>();
  for (const [at, { host, pid }] of watched.entries()) {
    const now = pid();
    if (now !== null) byHost.set(host, [...(byHost.get(host) ?? []), { at, pid: now }]);
  }
  const late = (): Error => new Error('late');
  const never = new AbortController().signal;
  await Promise.all(
    [...byHost].map(async ([host, all]) => {
      const asked = host.sample(all.map(({ pid }) => pid));
      const samples = await within(asked, sampleTimeoutMs, late, never).catch(() => []);
      for (const [i, { at, pid }] of all.entries()) {
        const sample = samples[i] ?? null;
        if (sample !== null) found[at] = { pid, sample };
      }
    }),
  );
  return found;
}

/** CPU is summed from sample to sample: a process that was started anew begins to count from zero. */
function enter(track: Track, pid: number, sample: ProcessSample): void {
  const { last } = track;
  const atUs = nowUs();
  if (last === null) track.firstUs = atUs;
  else {
    const before = last.pid === pid ? last.sample.cpuSeconds : 0;
    // Less than before: a child whose time was counted has gone.
    track.cpuSeconds += Math.max(0, sample.cpuSeconds - before);
  }
  track.last = { atUs, pid, sample };
  track.rssMaxBytes = Math.max(track.rssMaxBytes, sample.rssBytes);
  track.socketsMax = Math.max(track.socketsMax, sample.sockets);
}

function report(watched: Watched, track: Track | undefined): ProcessReport {
  const { role, name, site, agents } = watched;
  const { firstUs = 0, last = null, cpuSeconds = 0 } = track ?? {};
  const { rssMaxBytes = 0, socketsMax = 0 } = track ?? {};
  const seconds = last === null ? 0 : (last.atUs - firstUs) / 1e6;
  const cpuPercentMean = seconds > 0 ? (cpuSeconds / seconds) * 100 : 0;
  const used = { cpuSeconds, cpuPercentMean, rssMaxBytes, socketsMax };
  return { role, name, site, ...(agents && { agents: [...agents] }), ...used };
}
