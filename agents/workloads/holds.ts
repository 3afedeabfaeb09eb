import type { AgentWorkload } from '../protocol.ts';
import { exponential, seededRandom } from '../random.ts';

/** Messages that servers think about, by when each is done: a binary heap. Any number at a time, as in a server that never blocks. */
export class Holds<T> {
  readonly #heap: { readonly untilUs: number; readonly item: T }[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Infinity when nothing is held. */
  nextUs(): number {
    return this.#heap[0]?.untilUs ?? Number.POSITIVE_INFINITY;
  }

  add(untilUs: number, item: T): void {
    const heap = this.#heap;
    const added = { untilUs, item };
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.untilUs <= untilUs) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = added;
  }

  /** The first that is done by `nowUs`, or undefined. */
  take(nowUs: number): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.untilUs > nowUs) return undefined;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first.item;
  }

  #sink(entry: { readonly untilUs: number; readonly item: T }): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const right = heap[below + 1];
      let child = heap[below];
      if (child !== undefined && right !== undefined && right.untilUs < child.untilUs) {
        child = right;
        below++;
      }
      if (child === undefined || child.untilUs >= entry.untilUs) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = entry;
  }
}

/** Draws think times, µs. */
export function thinkTimes(hold: AgentWorkload['hold'], seed: number): () => number {
  const meanUs = hold.meanMs * 1e3;
  if (hold.distribution === 'constant' || meanUs === 0) return () => meanUs;
  const random = seededRandom(seed, 0x686f6c64);
  return () => meanUs * exponential(random);
}
