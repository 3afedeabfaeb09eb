import { nowUs } from '../agents/clock.ts';
import type { ProcessReport } from '../reports/result.ts';
import type { Host, ProcessSample } from './hosts/host.ts';

/** A process whose use of the machine is reported. */
export interface Watched {
  readonly role: ProcessReport['role'];
  readonly name: string;
  readonly site: string;
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
    this.#timer = setInterval(() => {
      this.#round = this.#round.then(() => this.#sampleAll());
    }, everyMs);
  }

  /** CPU seconds used so far by all processes that are watched, ours left out. */
  async cpuSeconds(): Promise<number> {
    const others = this.#watched.filter(({ role }) => role !== 'orchestrator');
    const used = await Promise.all(
      others.map(async ({ host, pid }) => {
        const id = pid();
        const sample = id === null ? null : await host.sample(id).catch(() => null);
        return sample?.cpuSeconds ?? 0;
      }),
    );
    return used.reduce((sum, seconds) => sum + seconds, 0);
  }

  /** Takes a last sample and reports; CPU is that of the time between first and last sample. */
  async stop(): Promise<readonly ProcessReport[]> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#round;
    await this.#sampleAll();
    return this.#watched.map((watched, i) => report(watched, this.#tracks[i]));
  }

  async #sampleAll(): Promise<void> {
    await Promise.all(
      this.#watched.map(async (watched, i) => {
        const pid = watched.pid();
        const sample = pid === null ? null : await watched.host.sample(pid).catch(() => null);
        const track = this.#tracks[i];
        if (pid !== null && sample && track) enter(track, pid, sample);
      }),
    );
  }
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
  const { role, name, site } = watched;
  const { firstUs = 0, last = null, cpuSeconds = 0 } = track ?? {};
  const { rssMaxBytes = 0, socketsMax = 0 } = track ?? {};
  const seconds = last === null ? 0 : (last.atUs - firstUs) / 1e6;
  const cpuPercentMean = seconds > 0 ? (cpuSeconds / seconds) * 100 : 0;
  return { role, name, site, cpuSeconds, cpuPercentMean, rssMaxBytes, socketsMax };
}
