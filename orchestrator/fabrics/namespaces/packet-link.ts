import type { LinkShape } from '../../../topologies/topology.ts';
import { jitterAt } from '../loopback/jitter.ts';
import { Loss } from './loss.ts';

/** A queue in front of a slow link holds what it carries in this time, and some packets at least. */
const queueUs = 100_000;
const queuePackets = 20;
const mtuBytes = 1_500;
/** All that one direction may have under way, beyond what any machine sends in a delay: a bound on the kernel's memory. */
const maxPackets = 500_000;

/** Why a packet does not get through, in place of the time at which it does. */
export const lost = -1;
export const overflowed = -2;
export const cutOff = -3;

/**
 * One direction of a path: what each packet that enters it comes to, and those under way in their order. Serialised
 * at the link's rate behind a bounded queue, then perhaps lost, then delayed with jitter, first in first out.
 * Pure arithmetic on the caller's clock (us).
 */
export class PacketLink {
  readonly queue: number;
  readonly #seed: number;
  readonly #loss: Loss;
  #shape: LinkShape;
  #cut = false;
  #bytesPerUs = Number.POSITIVE_INFINITY;
  #queueUs = 0;
  #busyUntilUs = 0;
  #lastDueUs = 0;
  /** A ring of packets under way: when each is due, its number in the kernel's queue, and its length. */
  #dues = new Float64Array(256);
  #ids = new Uint32Array(256);
  #lengths = new Uint32Array(256);
  #head = 0;
  #size = 0;
  /** Everything that got through. */
  packets = 0;
  bytes = 0;
  lostPackets = 0;
  overflowedPackets = 0;
  /** Those that the kernel could not even tell us of. */
  missedPackets = 0;
  #lastId = 0;

  constructor(queue: number, shape: LinkShape, seed: number) {
    this.queue = queue;
    this.#seed = seed;
    this.#loss = new Loss(seed);
    this.#shape = shape;
    this.reshape(shape);
  }

  get shape(): LinkShape {
    return this.#shape;
  }

  /** Nothing passes while it is cut: what is under way when its time comes is dropped too. */
  get cut(): boolean {
    return this.#cut;
  }

  set cut(cut: boolean) {
    this.#cut = cut;
  }

  /** Whether packets must be of wire size: loss and rate would treat 64 kB of segments as one. */
  get needsSegments(): boolean {
    return this.#shape.lossPercent > 0 || this.#shape.rateMbps !== null;
  }

  /** Holds for what enters from now on; what is under way keeps its time, and nothing overtakes it. */
  reshape(change: Partial<LinkShape>): void {
    this.#shape = { ...this.#shape, ...change };
    const { lossPercent, lossBurst, rateMbps } = this.#shape;
    this.#loss.change(lossPercent, lossBurst ?? 1);
    this.#bytesPerUs = rateMbps === null ? Number.POSITIVE_INFINITY : rateMbps / 8;
    this.#queueUs = Math.max(queueUs, (queuePackets * mtuBytes) / this.#bytesPerUs);
    if (rateMbps === null) this.#busyUntilUs = 0;
  }

  /** When a packet that enters now arrives, us; or why it never does, below zero. */
  enter(nowUs: number, bytes: number): number {
    if (this.#cut) return cutOff;
    const startUs = Math.max(nowUs, this.#busyUntilUs);
    if (startUs - nowUs > this.#queueUs || this.#size >= maxPackets) {
      this.overflowedPackets++;
      return overflowed;
    }
    const sentUs = startUs + bytes / this.#bytesPerUs;
    this.#busyUntilUs = sentUs;
    if (this.#loss.next()) {
      this.lostPackets++;
      return lost;
    }
    const { delayMs, jitterMs } = this.#shape;
    const jitterUs = jitterMs === 0 ? 0 : jitterAt(this.#seed, jitterMs * 1e3, nowUs);
    const dueUs = sentUs + Math.max(0, delayMs * 1e3 + jitterUs);
    this.#lastDueUs = Math.max(this.#lastDueUs, dueUs);
    return this.#lastDueUs;
  }

  /** The kernel numbers the packets of a queue from 1: a gap is what it dropped because we were too slow to read. */
  number(id: number): void {
    this.missedPackets += (id - this.#lastId - 1) >>> 0;
    this.#lastId = id;
  }

  /** Keeps a packet of the kernel's queue until it is due; due times never fall. */
  push(id: number, dueUs: number, bytes: number): void {
    if (this.#size === this.#dues.length) this.#grow();
    const place = (this.#head + this.#size) & (this.#dues.length - 1);
    this.#dues[place] = dueUs;
    this.#ids[place] = id;
    this.#lengths[place] = bytes;
    this.#size++;
  }

  /** When the first packet under way is due; Infinity when there is none. */
  get nextUs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#dues[this.#head] ?? 0);
  }

  /** Takes the first packet under way and returns its number; it got through unless the link is cut. */
  shift(): number {
    const id = this.#ids[this.#head] ?? 0;
    if (!this.#cut) {
      this.packets++;
      this.bytes += this.#lengths[this.#head] ?? 0;
    }
    this.#head = (this.#head + 1) & (this.#dues.length - 1);
    this.#size--;
    return id;
  }

  /** Doubles the ring, which is always a power of two. */
  #grow(): void {
    const length = this.#dues.length;
    const dues = new Float64Array(2 * length);
    const ids = new Uint32Array(2 * length);
    const lengths = new Uint32Array(2 * length);
    for (let i = 0; i < this.#size; i++) {
      const place = (this.#head + i) & (length - 1);
      dues[i] = this.#dues[place] ?? 0;
      ids[i] = this.#ids[place] ?? 0;
      lengths[i] = this.#lengths[place] ?? 0;
    }
    this.#dues = dues;
    this.#ids = ids;
    this.#lengths = lengths;
    this.#head = 0;
  }
}
