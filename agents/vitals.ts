import { readdirSync, readlinkSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import type { ProcessVitals } from './protocol.ts';
import type { RunState } from './run-state.ts';

const tickMs = 10;

/** The tick and the health of a process as one of its agents has them. */
export interface VitalsSeat {
  /** What the process used, so far or of the whole window once that has ended; null where another agent tells it. */
  used(): ProcessVitals | null;
  /** The measuring window is over, now. */
  endWindow(): void;
  /** No tick comes any more. */
  close(): void;
}

interface Member {
  readonly run: RunState;
  readonly onTick: (nowUs: number) => void;
}

/**
 * The health of this process over the measuring window: a timer of 10 ms whose lateness is the event-loop delay,
 * CPU time, garbage collection. (Node's own monitorEventLoopDelay exports no histogram.) All agents of the process
 * share the timer; the first to join tells of the process, so that everything is counted once.
 */
export class Vitals {
  readonly #nowUs: () => number;
  readonly #members = new Set<Member>();
  readonly #observer: PerformanceObserver;
  #speaker: Member | null = null;
  #timer: NodeJS.Timeout | null = null;
  #expectedUs = 0;
  #cpuAtStart: NodeJS.CpuUsage | null = null;
  #cpuUs: number | null = null;
  #gcUs = 0;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
    this.#observer = new PerformanceObserver((list) => {
      if (!this.#isMeasuring) return;
      for (const entry of list.getEntries()) this.#gcUs += entry.duration * 1e3;
    });
  }

  /** `onTick` runs every 10 ms, as well as the event loop allows. */
  join(run: RunState, onTick: (nowUs: number) => void): VitalsSeat {
    const member = { run, onTick };
    this.#members.add(member);
    this.#speaker ??= member;
    if (this.#timer === null) {
      this.#observer.observe({ entryTypes: ['gc'] });
      this.#wait();
    }
    return {
      used: () => (member === this.#speaker ? this.#used() : null),
      endWindow: () => this.#endWindow(),
      close: () => this.#leave(member),
    };
  }

  #leave(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size > 0 || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#observer.disconnect();
  }

  get #isMeasuring(): boolean {
    return this.#cpuAtStart !== null && this.#cpuUs === null;
  }

  #endWindow(): void {
    if (this.#isMeasuring) this.#cpuUs = this.#cpuSoFarUs();
  }

  #cpuSoFarUs(): number {
    if (this.#cpuAtStart === null) return 0;
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    return user + system;
  }

  #used(): ProcessVitals {
    return {
      cpuUs: this.#cpuUs ?? this.#cpuSoFarUs(),
      // The kernel counts in kB.
      rssMaxBytes: process.resourceUsage().maxRSS * 1024,
      sockets: openSockets(),
      gcUs: this.#gcUs,
    };
  }

  #wait(): void {
    this.#expectedUs = this.#nowUs() + tickMs * 1e3;
    this.#timer = setTimeout(() => this.#tick(), tickMs);
  }

  #tick(): void {
    const now = this.#nowUs();
    const { phases = null, recorder } = this.#speaker?.run ?? {};
    if (phases !== null) {
      if (this.#cpuAtStart === null && now >= phases.measureUs) {
        this.#cpuAtStart = process.cpuUsage();
      }
      // Timers fire up to 1 ms early; that is not a delay.
      if (this.#isMeasuring) recorder?.eventLoopDelay.record(Math.max(0, now - this.#expectedUs));
      if (now >= phases.measureEndUs) this.#endWindow();
    }
    for (const { onTick } of [...this.#members]) onTick(now);
    if (this.#members.size > 0) this.#wait();
  }
}

/** Of this process, where the system tells; else 0. */
function openSockets(): number {
  const folder = '/proc/self/fd';
  try {
    return readdirSync(folder).filter(isSocket).length;
  } catch {
    return 0;
  }

  function isSocket(fd: string): boolean {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      // Closed since the listing.
      return false;
    }
  }
}
