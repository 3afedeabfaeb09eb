import type { LinkShape } from '../../../topologies/topology.ts';
import { jitterAt } from './jitter.ts';

/** A rate's bucket holds what the link carries in this time, and at least one Ethernet packet. */
const bucketUs = 1_000;
const packetBytes = 1_500;

/**
 * When a byte that enters one direction of a link leaves it: token bucket, then delay and jitter, first in first out.
 * Pure arithmetic on the caller's clock (us); loss is not modelled, a byte stream has none.
 */
export class LinkModel {
  readonly #seed: number;
  #shape: LinkShape;
  /** Until when the transmitter is busy with what entered so far. */
  #busyUntilUs = 0;
  #lastDueUs = 0;

  constructor(shape: LinkShape, seed: number) {
    this.#shape = shape;
    this.#seed = seed;
  }

  get shape(): LinkShape {
    return this.#shape;
  }

  /** Holds for what enters from now on; what is under way keeps its time, and nothing overtakes it. */
  reshape(shape: Partial<LinkShape>): void {
    this.#shape = { ...this.#shape, ...shape };
    if (this.#shape.rateMbps === null) this.#busyUntilUs = 0;
  }

  /** Larger chunks should enter in pieces of this size, or they leave in lumps; Infinity without a rate. */
  get pieceBytes(): number {
    const { rateMbps } = this.#shape;
    return rateMbps === null ? Number.POSITIVE_INFINITY : this.#bucketBytes(rateMbps / 8);
  }

  /** Time at which `bytes` that enter now arrive at the other end. */
  enter(nowUs: number, bytes: number): number {
    const { delayMs, jitterMs, rateMbps } = this.#shape;
    let sentUs = nowUs;
    if (rateMbps !== null) {
      const bytesPerUs = rateMbps / 8;
      const fullBucketUs = this.#bucketBytes(bytesPerUs) / bytesPerUs;
      this.#busyUntilUs = Math.max(this.#busyUntilUs, nowUs - fullBucketUs) + bytes / bytesPerUs;
      sentUs = Math.max(nowUs, this.#busyUntilUs);
    }
    const jitterUs = jitterMs === 0 ? 0 : jitterAt(this.#seed, jitterMs * 1e3, nowUs);
    const dueUs = sentUs + Math.max(0, delayMs * 1e3 + jitterUs);
    this.#lastDueUs = Math.max(this.#lastDueUs, dueUs);
    return this.#lastDueUs;
  }

  /** The earliest arrival of whatever is (re)sent at `nowUs`, such as all that waited behind a cut. */
  resume(nowUs: number): number {
    this.#lastDueUs = Math.max(this.#lastDueUs, nowUs + this.#shape.delayMs * 1e3);
    return nowUs + this.#shape.delayMs * 1e3;
  }

  /** How long the transmitter needs for what waits in front of it. */
  backlogUs(nowUs: number): number {
    return Math.max(0, this.#busyUntilUs - nowUs);
  }

  #bucketBytes(bytesPerUs: number): number {
    return Math.max(packetBytes, Math.floor(bytesPerUs * bucketUs));
  }
}
