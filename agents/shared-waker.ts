import type { Waker } from './loop.ts';

interface Sleeper {
  dueUs: number;
  readonly onWake: () => void;
}

/**
 * Many wakers out of one, so that all the pacing loops of a process share one thread that sleeps for them. Each keeps
 * what a waker promises: one due time at a time, one ring for each `set`.
 */
export class SharedWaker {
  readonly #nowUs: () => number;
  readonly #waker: Waker;
  readonly #sleepers = new Set<Sleeper>();
  /** The earliest due time, which the waker was set to. */
  #firstUs = Number.POSITIVE_INFINITY;

  constructor(nowUs: () => number, makeWaker: (onWake: () => void) => Waker) {
    this.#nowUs = nowUs;
    this.#waker = makeWaker(() => this.#ring());
  }

  /** A waker of its own for one loop. */
  share(onWake: () => void): Waker {
    const sleeper: Sleeper = { dueUs: Number.POSITIVE_INFINITY, onWake };
    this.#sleepers.add(sleeper);
    return {
      set: (dueUs) => {
        sleeper.dueUs = dueUs;
        // A later time leaves the ring as it is: it finds nothing due, and looks for the next.
        if (dueUs < this.#firstUs) this.#arm(dueUs);
      },
      close: () => {
        sleeper.dueUs = Number.POSITIVE_INFINITY;
        this.#sleepers.delete(sleeper);
      },
    };
  }

  /** Ends the thread behind it. */
  close(): void {
    this.#waker.close();
  }

  #arm(dueUs: number): void {
    this.#firstUs = dueUs;
    this.#waker.set(dueUs);
  }

  #ring(): void {
    this.#firstUs = Number.POSITIVE_INFINITY;
    const now = this.#nowUs();
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueUs > now) continue;
      sleeper.dueUs = Number.POSITIVE_INFINITY;
      sleeper.onWake();
    }
    let nextUs = Number.POSITIVE_INFINITY;
    for (const { dueUs } of this.#sleepers) if (dueUs < nextUs) nextUs = dueUs;
    if (nextUs < this.#firstUs) this.#arm(nextUs);
  }
}
