/** Knots are this many standard deviations of time apart, so that the delay never falls faster than time passes. */
const sigmasApart = 8;
const minKnotUs = 5_000;
/** Straight lines between independent knots have two thirds of the knots' variance, averaged over time. */
const knotGain = Math.sqrt(1.5);

/**
 * Deviation from the mean delay at a time, in us: mean 0, standard deviation `sigmaUs`, wandering slowly instead of
 * jumping at every packet. Independent noise per packet, kept in order, would become a running maximum and add many
 * times sigma to the mean delay at high rates (9 ms for 5 ms at 1000 packets/s); this adds nothing.
 */
export function jitterAt(seed: number, sigmaUs: number, timeUs: number): number {
  const knotUs = Math.max(minKnotUs, sigmasApart * sigmaUs);
  const knot = Math.floor(timeUs / knotUs);
  const share = timeUs / knotUs - knot;
  const here = gaussian(seed, knot);
  const next = gaussian(seed, knot + 1);
  return knotGain * sigmaUs * (here + (next - here) * share);
}

/** The seed of one link's jitter and losses, from that of the scenario. */
export function linkSeed(seed: number, index: number): number {
  return Math.imul(seed, 65_537) + index;
}

/** A standard normal number that depends on nothing but its two arguments (Box and Muller, 1958). */
function gaussian(seed: number, index: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, 2 * index)));
  return radius * Math.cos(2 * Math.PI * uniform(seed, 2 * index + 1));
}

/** In [0, 1): the finalizer of MurmurHash3 over seed and index. */
export function uniform(seed: number, index: number): number {
  let h = Math.imul(seed, 0x9e3779b1) ^ (index | 0) ^ Math.imul(index / 2 ** 32, 0x85ebca77);
  for (let round = 0; round < 2; round++) {
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return (h >>> 0) / 2 ** 32;
}
