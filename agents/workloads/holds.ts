import TinyQueue from 'tinyqueue';
import { exponential, randomAt } from '../../topologies/random.ts';
import type { WorkloadSpec } from '../../topologies/scenario.ts';

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

/** Think times, µs: each depends on the seed, the client and the position of its message alone. */
export function thinkTimes(
  hold: WorkloadSpec['hold'],
  seed: number,
): (client: number, position: number) => number {
  const meanUs = hold.meanMs * 1e3;
  if (hold.distribution === 'constant' || meanUs === 0) return () => meanUs;
  const own = (seed ^ 0x686f6c64) >>> 0;
  return (client, position) => meanUs * exponential(randomAt(own, client, position));
}
