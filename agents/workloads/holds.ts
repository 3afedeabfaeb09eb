import TinyQueue from 'tinyqueue';
import type { WorkloadSpec } from '../../topologies/scenario.ts';
import { exponential, seededRandom } from '../random.ts';

/** Messages that servers think about, by when each is done. Any number at a time, as in a server that never blocks. */
export class Holds<T> {
  readonly #queue = new TinyQueue<{ readonly untilUs: number; readonly item: T }>(
    [],
    (a, b) => a.untilUs - b.untilUs,
  );

  get size(): number {
    return this.#queue.length;
  }

  /** Infinity when nothing is held. */
  nextUs(): number {
    return this.#queue.peek()?.untilUs ?? Number.POSITIVE_INFINITY;
  }

  add(untilUs: number, item: T): void {
    this.#queue.push({ untilUs, item });
  }

  /** The first that is done by `nowUs`, or undefined. */
  take(nowUs: number): T | undefined {
    return this.nextUs() > nowUs ? undefined : this.#queue.pop()?.item;
  }
}

/** Draws think times, µs. */
export function thinkTimes(hold: WorkloadSpec['hold'], seed: number): () => number {
  const meanUs = hold.meanMs * 1e3;
  if (hold.distribution === 'constant' || meanUs === 0) return () => meanUs;
  const random = seededRandom(seed, 0x686f6c64);
  return () => meanUs * exponential(random);
}
