import { describe, expect, it } from 'vitest';
import {
  ClockEstimate,
  type Exchange,
  lineAt,
} from '../../../orchestrator/agents/clock-estimate.ts';

/** Numbers from 0 to 1 that come out the same each time (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Path {
  readonly oneWayUs: number;
  /** Mean of what a queue adds to each way. */
  readonly queueUs: number;
  /** What the way there takes longer than the way back. */
  readonly skewUs?: number;
}

/** Ten exchanges a second over a path, with a clock that is what `truth` says; a new line each second. */
function learn(
  seconds: number,
  truth: (ourUs: number) => number,
  { oneWayUs, queueUs, skewUs = 0 }: Path,
  seed = 1,
): { readonly estimate: ClockEstimate; readonly worstUs: number } {
  const random = randomFrom(seed);
  const queue = (): number => -queueUs * Math.log(1 - random());
  const estimate = new ClockEstimate();
  let worstUs = 0;
  const exchange = (sentUs: number): Exchange => {
    const thereUs = oneWayUs + skewUs / 2 + queue();
    const backUs = oneWayUs - skewUs / 2 + queue();
    const rttUs = thereUs + backUs;
    const receivedUs = sentUs + thereUs + truth(sentUs + thereUs);
    return {
      atUs: sentUs + rttUs / 2,
      offsetUs: receivedUs - (sentUs + rttUs / 2),
      rttUs,
    };
  };
  // As when agents greet: a dozen in a row, before anything else happens.
  let ourUs = 1e9;
  for (let i = 0; i < 12; i++) {
    const first = exchange(ourUs);
    estimate.add(first);
    ourUs += first.rttUs;
  }
  estimate.refit(ourUs);
  for (let tick = 1; tick <= seconds * 10; tick++) {
    ourUs += 100_000;
    if (tick === 50) estimate.forgetErrors();
    if (tick >= 50) {
      worstUs = Math.max(worstUs, Math.abs(lineAt(estimate.line, ourUs) - truth(ourUs)));
    }
    estimate.add(exchange(ourUs));
    if (tick % 10 === 0) estimate.refit(ourUs + 60_000);
  }
  return { estimate, worstUs };
}

const fast = { oneWayUs: 5_000, queueUs: 300 };
const far = { oneWayUs: 25_000, queueUs: 500 };

describe('a clock that is learned', () => {
  const clocks = [
    ['3 s off', () => 3e6],
    ['3 s off and 200 ppm fast', (us: number) => 3e6 + 2e-4 * us],
    ['200 ppm slow', (us: number) => -2e-4 * us],
  ] as const;
  for (const [name, truth] of clocks) {
    for (const [path, where] of [
      ['10 ms', fast],
      ['50 ms', far],
    ] as const) {
      it(`is known to 0.3 ms over 60 s and ${path}: ${name}`, () => {
        for (let seed = 1; seed <= 20; seed++) {
          const { estimate, worstUs } = learn(60, truth, where, seed);
          expect(worstUs, `seed ${seed}`).toBeLessThan(300);
          expect(worstUs, `seed ${seed}`).toBeLessThan(estimate.errors.spreadUs);
          expect(estimate.errors.spreadUs, `seed ${seed}`).toBeLessThan(1_000);
          expect(worstUs, `seed ${seed}`).toBeLessThan(estimate.errors.boundUs);
        }
      });
    }
  }

  it('is bounded by half a round trip where one way takes longer, which nobody can see', () => {
    const { estimate, worstUs } = learn(30, () => 0, { ...fast, skewUs: 8_000 });
    expect(worstUs).toBeGreaterThan(3_500);
    expect(estimate.errors.boundUs).toBeGreaterThan(worstUs);
    expect(estimate.errors.spreadUs).toBeLessThan(1_000);
  });

  it('is found again after a jump, which counts among the errors', () => {
    const jumpAtUs = 1e9 + 20e6;
    const truth = (us: number): number => (us < jumpAtUs ? 0 : 50_000);
    const { estimate, worstUs } = learn(40, truth, fast);
    expect(worstUs).toBeGreaterThan(49_000);
    expect(estimate.errors.boundUs).toBeGreaterThan(49_000);
    expect(estimate.errors.spreadUs).toBeGreaterThan(49_000);
    expect(Math.abs(lineAt(estimate.line, 1e9 + 40e6) - 50_000)).toBeLessThan(300);
  });

  it('is not known at all before the first line', () => {
    const estimate = new ClockEstimate();
    expect(estimate.errors.boundUs).toBe(Number.POSITIVE_INFINITY);
    estimate.refit(1);
    expect(estimate.errors.spreadUs).toBe(Number.POSITIVE_INFINITY);
  });
});
