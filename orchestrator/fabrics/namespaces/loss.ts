import { uniform } from '../loopback/jitter.ts';

/** Keeps the loss of a link apart from its jitter, which draws from the same seed. */
const lossSalt = 0x10557;

/**
 * Which packets of a link are lost. Each by itself (Bernoulli), or in bursts of a mean length: a Markov chain of a
 * good state that loses nothing and a bad one that loses all (Gilbert, 1960; Elliott, 1963). The same seed loses the
 * same packets of a sequence.
 */
export class Loss {
  readonly #seed: number;
  #drawn = 0;
  #share = 0;
  #burst = 1;
  #bad = false;

  constructor(seed: number) {
    this.#seed = (seed ^ lossSalt) | 0;
  }

  /** `burstPackets` is the mean number of packets lost in a row; 1 or less for independent losses. */
  change(lossPercent: number, burstPackets: number): void {
    this.#share = lossPercent / 100;
    this.#burst = burstPackets;
  }

  /** Whether the next packet is lost. */
  next(): boolean {
    const share = this.#share;
    if (share <= 0) return false;
    if (share >= 1) return true;
    const draw = uniform(this.#seed, this.#drawn++);
    if (this.#burst <= 1) return draw < share;
    // Bad lasts 1 / leave packets on average; entering balances it so that `share` of all packets is lost.
    const leave = 1 / this.#burst;
    const enter = Math.min(1, (leave * share) / (1 - share));
    this.#bad = this.#bad ? draw >= leave : draw < enter;
    return this.#bad;
  }
}
