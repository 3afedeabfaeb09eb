/** What a PacingLoop needs of `Alarm`: one due time at a time; `set` replaces it. */
export interface Waker {
  set(dueUs: number): void;
  close(): void;
}

/** What is due this soon is waited for by turning: the alarm would take as long, and more CPU. */
const spinUs = 30;

/**
 * Turns when something is due: at once while there is more, else by the alarm. Between two turns the event loop
 * always gets to its I/O, however much is due.
 */
export class PacingLoop {
  readonly #nowUs: () => number;
  readonly #advance: (nowUs: number) => number;
  readonly #waker: Waker;
  #armedUs = Number.POSITIVE_INFINITY;
  #immediate: NodeJS.Immediate | null = null;
  #closed = false;

  /** `advance` does a burst of what is due and returns when the next is: not after its argument when there is more. */
  constructor(
    nowUs: () => number,
    makeWaker: (onWake: () => void) => Waker,
    advance: (nowUs: number) => number,
  ) {
    this.#nowUs = nowUs;
    this.#advance = advance;
    this.#waker = makeWaker(() => {
      this.#armedUs = Number.POSITIVE_INFINITY;
      this.#turn();
    });
  }

  /** Something is due at `dueUs`. Never turns on the spot. */
  wake(dueUs: number): void {
    if (dueUs >= this.#armedUs || this.#immediate !== null || this.#closed) return;
    if (dueUs - this.#nowUs() > spinUs) {
      this.#armedUs = dueUs;
      this.#waker.set(dueUs);
    } else {
      this.#immediate = setImmediate(() => {
        this.#immediate = null;
        this.#turn();
      });
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#waker.close();
  }

  #turn(): void {
    if (this.#closed || this.#immediate !== null) return;
    this.wake(this.#advance(this.#nowUs()));
  }
}
