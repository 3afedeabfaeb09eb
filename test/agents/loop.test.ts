import { describe, expect, it } from 'vitest';
import { PacingLoop, type Waker } from '../../agents/loop.ts';
import { sleep } from '../helpers/agent-run.ts';

/** A loop whose clock and alarm the test turns by hand. */
class LoopBench {
  nowUs = 1000;
  armedUs = Number.POSITIVE_INFINITY;
  readonly turnsUs: number[] = [];
  readonly loop: PacingLoop;
  #ring: () => void = () => {};

  constructor(advance: (nowUs: number) => number) {
    const makeWaker = (onWake: () => void): Waker => {
      this.#ring = onWake;
      return {
        set: (dueUs) => {
          this.armedUs = dueUs;
        },
        close: () => {},
      };
    };
    this.loop = new PacingLoop(
      () => this.nowUs,
      makeWaker,
      (now) => {
        this.turnsUs.push(now);
        return advance(now);
      },
    );
  }

  ringAt(nowUs: number): void {
    this.nowUs = nowUs;
    this.#ring();
  }
}

describe('PacingLoop', () => {
  it('sleeps until the earliest due time it was told', () => {
    const bench = new LoopBench(() => Number.POSITIVE_INFINITY);
    bench.loop.wake(9000);
    bench.loop.wake(5000);
    bench.loop.wake(7000);
    expect(bench.armedUs).toBe(5000);
    bench.ringAt(5001);
    expect(bench.turnsUs).toEqual([5001]);
  });

  it('goes on by itself at what the turn says is due next', () => {
    const bench = new LoopBench((now) => now + 2000);
    bench.loop.wake(5000);
    bench.ringAt(5000);
    expect(bench.armedUs).toBe(7000);
  });

  it('never turns on the spot, and lets I/O in between two turns', async () => {
    let left = 3;
    const order: string[] = [];
    const bench = new LoopBench((now) => {
      order.push('turn');
      setImmediate(() => order.push('other'));
      left--;
      return left > 0 ? now : Number.POSITIVE_INFINITY;
    });
    bench.loop.wake(bench.nowUs);
    bench.loop.wake(bench.nowUs - 5);
    expect(order).toEqual([]);
    await sleep(20);
    expect(order.slice(0, 4)).toEqual(['turn', 'other', 'turn', 'other']);
    expect(bench.turnsUs).toHaveLength(3);
  });

  it('does nothing once closed', async () => {
    const bench = new LoopBench(() => Number.POSITIVE_INFINITY);
    bench.loop.wake(bench.nowUs);
    bench.loop.close();
    bench.loop.wake(bench.nowUs);
    bench.ringAt(2000);
    await sleep(5);
    expect(bench.turnsUs).toEqual([]);
  });
});
