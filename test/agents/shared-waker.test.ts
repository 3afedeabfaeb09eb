import { expect, it } from 'vitest';
import type { Waker } from '../../agents/loop.ts';
import { SharedWaker } from '../../agents/shared-waker.ts';

/** A waker whose ring the test gives, and the clock it is seen by. */
class HandWaker implements Waker {
  readonly sets: number[] = [];
  now = 0;
  onWake: () => void = () => {};

  set(dueUs: number): void {
    this.sets.push(dueUs);
  }

  close(): void {}

  ringAt(nowUs: number): void {
    this.now = nowUs;
    this.onWake();
  }
}

function share(): { readonly hand: HandWaker; readonly shared: SharedWaker } {
  const hand = new HandWaker();
  const shared = new SharedWaker(
    () => hand.now,
    (onWake) => {
      hand.onWake = onWake;
      return hand;
    },
  );
  return { hand, shared };
}

it('wakes each at its own time, however many share it', () => {
  const { hand, shared } = share();
  const rung: string[] = [];
  const a = shared.share(() => rung.push('a'));
  const b = shared.share(() => rung.push('b'));
  a.set(300);
  b.set(100);
  expect(hand.sets).toEqual([300, 100]);
  hand.ringAt(100);
  expect(rung).toEqual(['b']);
  expect(hand.sets.at(-1)).toBe(300);
  hand.ringAt(300);
  expect(rung).toEqual(['b', 'a']);
});

it('rings once for each set, at the last due time, and never for one that was taken back', () => {
  const { hand, shared } = share();
  let rung = 0;
  const waker = shared.share(() => rung++);
  const gone = shared.share(() => rung++);
  waker.set(100);
  gone.set(50);
  waker.set(200);
  gone.close();
  hand.ringAt(50);
  hand.ringAt(100);
  expect(rung).toBe(0);
  hand.ringAt(200);
  hand.ringAt(900);
  expect(rung).toBe(1);
});

it('lets one that rings set its next time on the spot', () => {
  const { hand, shared } = share();
  const rung: number[] = [];
  const waker = shared.share(() => {
    rung.push(hand.now);
    waker.set(hand.now + 10);
  });
  waker.set(10);
  for (const at of [10, 20, 30]) hand.ringAt(at);
  expect(rung).toEqual([10, 20, 30]);
  expect(hand.sets).toEqual([10, 20, 30, 40]);
});
