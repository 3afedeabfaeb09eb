import { nowUs } from '../../../agents/clock.ts';
import type { LinkShape } from '../../../topologies/topology.ts';
import { LinkModel } from './link-model.ts';
import type { LinkScheduler } from './link-scheduler.ts';

/** A rate-limited link has a buffer of this length in front of it, as a router would; its senders then wait. */
const queueUs = 100_000;

/** Something under way; a singly linked list because it is only ever added to and taken from. */
interface Parcel {
  dueUs: number;
  readonly arrive: () => void;
  next: Parcel | null;
}

/** One direction between two sites: all its connections share its bandwidth and its order. */
export class RelayedLink {
  readonly from: string;
  readonly to: string;
  /** Payload bytes that arrived, as counted by the tunnels. */
  bytes = 0;
  readonly #scheduler: LinkScheduler;
  readonly #model: LinkModel;
  #head: Parcel | null = null;
  #tail: Parcel | null = null;
  #cut = false;
  /** Senders that wait for room in the buffer. */
  #waiting: (() => void)[] = [];

  constructor(scheduler: LinkScheduler, from: string, to: string, shape: LinkShape, seed: number) {
    this.#scheduler = scheduler;
    this.from = from;
    this.to = to;
    this.#model = new LinkModel(shape, seed);
  }

  get pieceBytes(): number {
    return this.#model.pieceBytes;
  }

  /** Whether what is under way is bounded by the relay's memory rather than by the link itself. */
  get unlimited(): boolean {
    return this.#model.shape.rateMbps === null && !this.#cut;
  }

  /** Calls `arrive` once `bytes` have crossed, in the order of the calls; at once where the link adds nothing. */
  carry(bytes: number, arrive: () => void): void {
    const now = nowUs();
    this.#scheduler.noteUse();
    const dueUs = this.#model.enter(now, bytes);
    if (dueUs <= now && this.#head === null && !this.#cut) {
      arrive();
      return;
    }
    const parcel: Parcel = { dueUs, arrive, next: null };
    if (this.#tail === null) this.#head = parcel;
    else this.#tail.next = parcel;
    this.#tail = parcel;
    if (this.#head === parcel && !this.#cut) this.#scheduler.expect(this, dueUs);
  }

  /** Whether the buffer in front of the link is full; then `go` is called when half of it is free. */
  full(go: () => void): boolean {
    if (this.#model.backlogUs(nowUs()) <= queueUs) return false;
    this.#waiting.push(go);
    this.#scheduler.expect(this, this.nextUs);
    return true;
  }

  reshape(shape: Partial<LinkShape>): void {
    this.#model.reshape(shape);
    // A higher rate may have made room at once.
    this.#scheduler.expect(this, this.nextUs);
  }

  /** Holds everything, also what is under way: TCP would have to send it again. */
  cut(): void {
    this.#cut = true;
  }

  /** What was held sets out again now, in order. */
  heal(): void {
    if (!this.#cut) return;
    this.#cut = false;
    const earliestUs = this.#model.resume(nowUs());
    for (let parcel = this.#head; parcel !== null; parcel = parcel.next) {
      parcel.dueUs = Math.max(parcel.dueUs, earliestUs);
    }
    this.#scheduler.expect(this, this.nextUs);
  }

  /** When `run` has something to do next; Infinity when nothing is under way. */
  get nextUs(): number {
    const dueUs = this.#head === null || this.#cut ? Number.POSITIVE_INFINITY : this.#head.dueUs;
    if (this.#waiting.length === 0) return dueUs;
    const now = nowUs();
    return Math.min(dueUs, now + this.#model.backlogUs(now) - queueUs / 2);
  }

  /** Delivers what is due; `late` hears by how many us each was late. */
  run(now: number, late: (us: number) => void): void {
    while (this.#head !== null && this.#head.dueUs <= now && !this.#cut) {
      const { dueUs, arrive, next } = this.#head;
      this.#head = next;
      if (next === null) this.#tail = null;
      late(now - dueUs);
      arrive();
    }
    if (this.#waiting.length > 0 && this.#model.backlogUs(now) <= queueUs / 2) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const go of waiting) go();
    }
  }
}
