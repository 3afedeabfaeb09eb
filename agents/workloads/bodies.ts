import { randomAt, seededRandom } from '../../topologies/random.ts';
import type { WorkloadSpec } from '../../topologies/scenario.ts';
import { minBodyBytes } from '../../topologies/workload.ts';

const slabBytes = 256 * 1024;
const sizesSalt = 0x73697a65;

/**
 * Message bodies: the sizes a workload asks for, over padding that no link or bus can compress. A message is a piece of
 * a slab that was filled by one copy; who gets it owns it, and the slab lives as long as its last message.
 */
export class Bodies {
  /** The size of a client's message, bytes: it depends on the seed and these alone. */
  readonly bytesOf: (client: number, position: number) => number;
  readonly #padding: Buffer;
  #slab: Buffer;
  #used = 0;

  constructor(size: WorkloadSpec['body'], seed: number) {
    const random = seededRandom(seed, 0x626f6479);
    this.bytesOf = sizes(size, (seed ^ sizesSalt) >>> 0);
    this.#padding = Buffer.allocUnsafeSlow(slabBytes);
    for (let at = 0; at < slabBytes; at += 4) {
      this.#padding.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
    }
    this.#slab = Buffer.from(this.#padding);
  }

  /** A buffer of this many bytes of padding. */
  make(bytes: number): Buffer {
    if (bytes > slabBytes / 4) {
      const own = Buffer.allocUnsafeSlow(bytes);
      for (let at = 0; at < bytes; at += slabBytes) this.#padding.copy(own, at);
      return own;
    }
    if (this.#used + bytes > slabBytes) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#padding.copy(this.#slab);
      this.#used = 0;
    }
    const from = this.#used;
    // Starts at multiples of 8 keep the header's times aligned.
    this.#used += (bytes + 7) & ~7;
    return this.#slab.subarray(from, from + bytes);
  }
}

/** Where a message stands among all of its client: sequences of warm-up and window each begin at 0. */
export function positionOf(sequence: number, measured: boolean): number {
  return 2 * sequence + (measured ? 1 : 0);
}

function sizes(size: WorkloadSpec['body'], seed: number): Bodies['bytesOf'] {
  const atLeast = (bytes: number): number => Math.max(minBodyBytes, bytes);
  switch (size.kind) {
    case 'fixed': {
      const bytes = atLeast(size.bytes);
      return () => bytes;
    }
    case 'uniform': {
      const { minBytes, maxBytes } = size;
      const range = maxBytes - minBytes + 1;
      return (client, position) =>
        atLeast(minBytes + Math.floor(randomAt(seed, client, position) * range));
    }
    case 'weighted': {
      const total = size.rows.reduce((sum, [, weight]) => sum + weight, 0);
      return (client, position) => {
        let rest = randomAt(seed, client, position) * total;
        const row = size.rows.find(([, weight]) => {
          rest -= weight;
          return rest < 0;
        });
        return atLeast((row ?? size.rows.at(-1))?.[0] ?? 0);
      };
    }
  }
}
