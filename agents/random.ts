/** A seeded stream of numbers in [0, 1) (mulberry32): the same seed and salt give the same stream everywhere. */
export function seededRandom(seed: number, salt = 0): () => number {
  let state = mix(mix(seed >>> 0) ^ (salt >>> 0));
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mix(state) / 4294967296;
  };
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

/** An exponentially distributed number of mean 1, from the inverse of its distribution function. */
export function exponential(random: () => number): number {
  return -Math.log(1 - random());
}

function mix(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}
