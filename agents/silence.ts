/** How late our own timer may be before it is us who slept, and not the other side that was silent. */
const oversleptMs = 1_000;

/**
 * Calls `onSilent` once when the other side of a connection has said nothing for as long as `limit` allows. A network that
 * lost its cable tells nobody: only silence does. Time in which this process itself stood still does not count.
 */
export class Silence {
  readonly #nowUs: () => number;
  readonly #onSilent: (silentMs: number) => void;
  #timer: NodeJS.Timeout | null = null;
  #heardUs = 0;

  constructor(nowUs: () => number, onSilent: (silentMs: number) => void) {
    this.#nowUs = nowUs;
    this.#onSilent = onSilent;
  }

  /** From now on, `ms` of silence are too many. */
  limit(ms: number): void {
    this.close();
    this.heard();
    const everyMs = ms / 4;
    let checkedUs = this.#nowUs();
    this.#timer = setInterval(() => {
      const now = this.#nowUs();
      const overslept = (now - checkedUs) / 1e3 - everyMs > Math.max(oversleptMs, everyMs);
      checkedUs = now;
      if (overslept) this.heard();
      const silentMs = (now - this.#heardUs) / 1e3;
      if (silentMs < ms) return;
      this.close();
      this.#onSilent(silentMs);
    }, everyMs);
    this.#timer.unref();
  }

  heard(): void {
    this.#heardUs = this.#nowUs();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
