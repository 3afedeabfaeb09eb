import { Worker } from 'node:worker_threads';
import { nowUs } from './clock.ts';

/** Indices into `AlarmMemory.flags`: count of `set` calls; 1 once closed; written after `sleeping` to publish it. */
export const CHANGES = 0;
export const CLOSED = 1;
export const PUBLISHED = 2;

/** What an Alarm and its worker share: times in us of `nowUs`. */
export interface AlarmMemory {
  readonly flags: Int32Array<SharedArrayBuffer>;
  /** Written by the Alarm: when to wake. */
  readonly due: Float64Array<SharedArrayBuffer>;
  /** Written by the worker: until when it sleeps, so that only an earlier due time has to wake it. */
  readonly sleeping: Float64Array<SharedArrayBuffer>;
}

const workerFile: URL = import.meta.url.endsWith('.ts')
  ? new URL('../dist/agents/alarm-worker.js', import.meta.url)
  : new URL('./alarm-worker.js', import.meta.url);

/**
 * Calls `onWake` on the event loop as soon as possible after a due time, some 50 us late where setTimeout is 1 ms late
 * (or early). One due time at a time; never early, never for a due time that was replaced. Does not spin, and does
 * not keep the process alive.
 */
export class Alarm {
  readonly #memory: AlarmMemory;
  readonly #worker: Worker;
  #dueUs = Number.POSITIVE_INFINITY;

  constructor(onWake: () => void) {
    this.#memory = {
      flags: new Int32Array(new SharedArrayBuffer(12)),
      due: new Float64Array(new SharedArrayBuffer(8)).fill(Number.POSITIVE_INFINITY),
      sleeping: new Float64Array(new SharedArrayBuffer(8)),
    };
    // Options of a test runner or profiler are not for this worker: it only sleeps.
    this.#worker = new Worker(workerFile, { workerData: this.#memory, execArgv: [] });
    this.#worker.on('message', () => {
      if (nowUs() >= this.#dueUs) {
        this.#dueUs = Number.POSITIVE_INFINITY;
        onWake();
      } else {
        // The ring of a due time that was replaced under way, or clocks a fraction of a microsecond apart.
        this.#change();
      }
    });
    this.#worker.unref();
  }

  /** Replaces the due time (us of `nowUs`; a past one rings at once, Infinity disarms). Each rings once. */
  set(dueUs: number): void {
    if (dueUs === this.#dueUs) return;
    this.#dueUs = dueUs;
    this.#memory.due[0] = dueUs;
    this.#change();
  }

  /** Disarms for good and lets the worker end. */
  close(): void {
    this.#dueUs = Number.POSITIVE_INFINITY;
    Atomics.store(this.#memory.flags, CLOSED, 1);
    this.#memory.due[0] = Number.NEGATIVE_INFINITY;
    this.#change();
  }

  #change(): void {
    const { flags, due, sleeping } = this.#memory;
    Atomics.add(flags, CHANGES, 1);
    // Sequentially consistent with the worker, which publishes `sleeping` before it compares CHANGES: either it
    // sees this change and does not sleep, or we see until when it sleeps. A later due time needs no system call.
    Atomics.load(flags, PUBLISHED);
    if ((due[0] ?? 0) < (sleeping[0] ?? 0)) Atomics.notify(flags, CHANGES);
  }
}
