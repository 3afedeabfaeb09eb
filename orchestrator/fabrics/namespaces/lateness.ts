const bucketUs = 10;
const buckets = 10_000;

/** How late things were, in steps of 10 us up to 100 ms; the maximum is exact. */
export class Lateness {
  readonly #counts = new Uint32Array(buckets);
  #count = 0;
  #maxUs = 0;

  get count(): number {
    return this.#count;
  }

  get maxUs(): number {
    return this.#maxUs;
  }

  add(us: number): void {
    this.#count++;
    if (us > this.#maxUs) this.#maxUs = us;
    const bucket = Math.min(buckets - 1, (us / bucketUs) | 0);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  /** The upper end of the step in which the quantile lies; 0 when nothing was added. */
  quantileUs(share: number): number {
    if (this.#count === 0) return 0;
    const rank = Math.ceil(this.#count * share);
    let bucket = 0;
    for (let seen = this.#counts[0] ?? 0; seen < rank && bucket < buckets - 1; ) {
      seen += this.#counts[++bucket] ?? 0;
    }
    return Math.min(this.#maxUs, (bucket + 1) * bucketUs);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#maxUs = 0;
  }
}
