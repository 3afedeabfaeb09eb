import type { WorkloadSpec } from '../../topologies/scenario.ts';
import { minBodyBytes } from '../../topologies/workload.ts';
import { seededRandom } from '../random.ts';

const slabBytes = 256 * 1024;

/**
 * Message bodies: the sizes a workload asks for, over padding that no link or bus can compress. A message is a piece of
 * a slab that was filled by one copy; who gets it owns it, and the slab lives as long as its last message.
 */
export class Bodies {
  /** The size of the next message, bytes. */
  readonly nextBytes: () => number;
  readonly #padding: Buffer;
  #slab: Buffer;
  #used = 0;

  constructor(size: WorkloadSpec['body'], seed: number) {
    const random = seededRandom(seed, 0x626f6479);
    this.nextBytes = sizes(size, random);
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

function sizes(size: WorkloadSpec['body'], random: () => number): () => number {
  const atLeast = (bytes: number): number => Math.max(minBodyBytes, bytes);
  switch (size.kind) {
    case 'fixed': {
      const bytes = atLeast(size.bytes);
      return () => bytes;
    }
    case 'uniform': {
      const { minBytes, maxBytes } = size;
      return () => atLeast(minBytes + Math.floor(random() * (maxBytes - minBytes + 1)));
    }
    case 'weighted': {
      const total = size.rows.reduce((sum, [, weight]) => sum + weight, 0);
      return () => {
        let rest = random() * total;
        const row = size.rows.find(([, weight]) => {
          rest -= weight;
          return rest < 0;
        });
        return atLeast((row ?? size.rows.at(-1))?.[0] ?? 0);
      };
    }
  }
}
