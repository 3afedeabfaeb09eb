import { PerformanceObserver } from 'node:perf_hooks';
import type { Recorder } from './recorder.ts';
import type { Run } from './run.ts';

const tickMs = 10;

/**
 * The health of this process over the measuring window: a timer of 10 ms whose lateness is the event-loop delay,
 * CPU time, garbage collection. (Node's own monitorEventLoopDelay exports no histogram.)
 */
export class Vitals {
  readonly #run: Run;
  readonly #recorder: Recorder;
  readonly #onTick: (nowUs: number) => void;
  readonly #observer: PerformanceObserver;
  #timer: NodeJS.Timeout;
  #expectedUs: number;
  #cpuAtStart: NodeJS.CpuUsage | null = null;
  #cpuUs: number | null = null;
  #gcUs = 0;

  /** `onTick` runs every 10 ms, as well as the event loop allows. */
  constructor(run: Run, onTick: (nowUs: number) => void) {
    this.#run = run;
    this.#recorder = run.recorder;
    this.#onTick = onTick;
    this.#observer = new PerformanceObserver((list) => {
      if (!this.#isMeasuring) return;
      for (const entry of list.getEntries()) this.#gcUs += entry.duration * 1e3;
    });
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#expectedUs = run.nowUs() + tickMs * 1e3;
    this.#timer = setTimeout(() => this.#tick(), tickMs);
  }

  /** CPU of the window so far or, once it has ended, all of it, µs. */
  get cpuUs(): number {
    return (
      this.#cpuUs ?? (this.#cpuAtStart === null ? 0 : total(process.cpuUsage(this.#cpuAtStart)))
    );
  }

  get gcUs(): number {
    return this.#gcUs;
  }

  /** The measuring window is over, now. */
  endWindow(): void {
    if (this.#isMeasuring) this.#cpuUs = this.cpuUs;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
  }

  get #isMeasuring(): boolean {
    return this.#cpuAtStart !== null && this.#cpuUs === null;
  }

  #tick(): void {
    const now = this.#run.nowUs();
    const { phases } = this.#run;
    if (phases !== null) {
      if (this.#cpuAtStart === null && now >= phases.measureUs) {
        this.#cpuAtStart = process.cpuUsage();
      }
      // Timers fire up to 1 ms early; that is not a delay.
      if (this.#isMeasuring)
        this.#recorder.eventLoopDelay.record(Math.max(0, now - this.#expectedUs));
      if (now >= phases.measureEndUs) this.endWindow();
    }
    this.#onTick(now);
    this.#expectedUs = this.#run.nowUs() + tickMs * 1e3;
    this.#timer = setTimeout(() => this.#tick(), tickMs);
  }
}

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
