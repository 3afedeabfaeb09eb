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
  first: { readonly atUs: number; readonly sample: ProcessSample } | null;
  last: { readonly atUs: number; readonly sample: ProcessSample } | null;
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
    this.#tracks = watched.map(() => ({ first: null, last: null, rssMaxBytes: 0, socketsMax: 0 }));
  }

  async start(): Promise<void> {
    await this.#sampleAll();
    this.#timer = setInterval(() => {
      this.#round = this.#round.then(() => this.#sampleAll());
    }, everyMs);
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
        if (!sample || !track) return;
        track.last = { atUs: nowUs(), sample };
        track.first ??= track.last;
        track.rssMaxBytes = Math.max(track.rssMaxBytes, sample.rssBytes);
        track.socketsMax = Math.max(track.socketsMax, sample.sockets);
      }),
    );
  }
}

function report(watched: Watched, track: Track | undefined): ProcessReport {
  const { first, last } = track ?? { first: null, last: null };
  const seconds = first && last ? (last.atUs - first.atUs) / 1e6 : 0;
  // A process that was restarted starts counting from zero again: never report negative CPU.
  const cpuSeconds = Math.max(0, (last?.sample.cpuSeconds ?? 0) - (first?.sample.cpuSeconds ?? 0));
  return {
    role: watched.role,
    name: watched.name,
    site: watched.site,
    cpuSeconds,
    cpuPercentMean: seconds > 0 ? (cpuSeconds / seconds) * 100 : 0,
    rssMaxBytes: track?.rssMaxBytes ?? 0,
    socketsMax: track?.socketsMax ?? 0,
  };
}
