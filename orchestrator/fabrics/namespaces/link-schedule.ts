import type { PacketLink } from './packet-link.ts';

/** Links with packets under way, ordered by when their first one is due: a binary heap, no allocation once grown. */
export class LinkSchedule {
  readonly #heap: PacketLink[] = [];

  /** When the next packet of all is due, us; Infinity when nothing is under way. */
  get nextUs(): number {
    return this.#heap[0]?.nextUs ?? Number.POSITIVE_INFINITY;
  }

  get first(): PacketLink | undefined {
    return this.#heap[0];
  }

  /** For a link that had nothing under way and now has. */
  add(link: PacketLink): void {
    let place = this.#heap.push(link) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.#nextUs(above) <= link.nextUs) break;
      this.#move(above, place);
      place = above;
    }
    this.#heap[place] = link;
  }

  /** To be called once packets were taken from the first link. */
  settle(): void {
    let link = this.#heap[0];
    if (link === undefined) return;
    if (link.nextUs === Number.POSITIVE_INFINITY) {
      const last = this.#heap.pop();
      if (last === undefined || this.#heap.length === 0) return;
      link = last;
    }
    const size = this.#heap.length;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= size) break;
      if (below + 1 < size && this.#nextUs(below + 1) < this.#nextUs(below)) below++;
      if (this.#nextUs(below) >= link.nextUs) break;
      this.#move(below, place);
      place = below;
    }
    this.#heap[place] = link;
  }

  #nextUs(place: number): number {
    return this.#heap[place]?.nextUs ?? Number.POSITIVE_INFINITY;
  }

  #move(from: number, to: number): void {
    const link = this.#heap[from];
    if (link !== undefined) this.#heap[to] = link;
  }
}
