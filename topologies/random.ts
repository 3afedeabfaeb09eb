/** A seeded stream of numbers in [0, 1) (mulberry32): the same seed and salt give the same stream everywhere. */
export function seededRandom(seed: number, salt = 0): () => number {
  let state = mix(mix(seed >>> 0) ^ (salt >>> 0));
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mix(state) / 4294967296;
  };
}

/**
 * The number in [0, 1) at a position of one of many streams: the same wherever and in whatever order it is asked for, so
 * that it depends on whose it is and not on who else is there. Stream 0 of a seed is not that of `seededRandom`.
 */
export function randomAt(seed: number, stream: number, position: number): number {
  const start = mix(mix(seed >>> 0) ^ mix((stream + 1) >>> 0));
  return mix((start + Math.imul(position + 1, 0x6d2b79f5)) >>> 0) / 4294967296;
}

/** The integers 0 .. count-1 in an order that depends on the seed alone (Fisher and Yates). */
export function seededPermutation(count: number, seed: number): Uint32Array {
  const random = seededRandom(seed);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const j = Math.floor(random() * (i + 1));
    order[i] = order[j] ?? 0;
    order[j] = i;
  }
  return order;
}

/** An exponentially distributed number of mean 1, from a number in [0, 1) by the inverse of its distribution function. */
export function exponential(share: number): number {
  return -Math.log(1 - share);
}

function mix(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}
