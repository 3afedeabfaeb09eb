import { expect, test } from 'vitest';
import { lastHeld, type Second } from '../../orchestrator/capacity.ts';

const held: Second = { due: 100, done: 100, p50Us: 10_000 };
const slow: Second = { ...held, p50Us: 40_000 };
const short: Second = { ...held, done: 99 };

test('the capacity is the last step before two in a row that did not hold', () => {
  expect(lastHeld(Array.from({ length: 8 }, () => held))).toBe(8);
  expect(lastHeld([held, held, held, slow, slow, held, held, held])).toBe(3);
  expect(lastHeld([held, held, short, held, held, slow, short, short])).toBe(5);
  expect(lastHeld([held, held, held, held, held, held, held, slow])).toBe(7);
});

test('a step holds while calls are answered about as fast as on the first one', () => {
  expect(lastHeld([held, { ...held, p50Us: 30_000 }, slow, slow])).toBe(2);
  const far = { ...held, p50Us: 100_000 };
  expect(lastHeld([far, { ...far, p50Us: 200_000 }, { ...far, p50Us: 200_001 }])).toBe(2);
});

test('there is none when not even the first step holds, or nothing was measured', () => {
  expect(lastHeld([short, short, held])).toBe(0);
  expect(lastHeld([])).toBe(0);
});
