import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bisect, expectedTrials, splitQuantity } from '../../../orchestrator/sweep/search.ts';

const range = { from: 100, to: 50_000, precision: 0.05, whole: false };

describe('bisect', () => {
  it('brackets any sharp capacity within the precision', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 101, max: 49_999, noNaN: true }), async (capacity) => {
        const found = await bisect(range, async (value) => value <= capacity);
        expect(found.holds).not.toBeNull();
        expect(found.fails).not.toBeNull();
        const { holds, fails } = { holds: found.holds ?? 0, fails: found.fails ?? 0 };
        expect(holds).toBeLessThanOrEqual(capacity);
        expect(fails).toBeGreaterThan(capacity);
        expect(fails / holds).toBeLessThanOrEqual(1.0501);
      }),
    );
  });

  it('says so when the lowest value fails or the highest holds', async () => {
    const none = await bisect(range, async () => false);
    expect(none).toMatchObject({ holds: null, fails: 100 });
    const all = await bisect(range, async () => true);
    expect(all).toMatchObject({ holds: 50_000, fails: null });
  });

  it('measures again what held once and failed once, and believes two of three', async () => {
    const capacity = 1_000;
    const lied = new Set<number>();
    const found = await bisect(range, async (value, attempt) => {
      const truth = value <= capacity;
      // The first look at one value near the capacity is wrong.
      if (attempt === 1 && value > 900 && value <= capacity && lied.size === 0) {
        lied.add(value);
        return !truth;
      }
      return truth;
    });
    expect(lied.size).toBe(1);
    expect(found.holds).toBeLessThanOrEqual(capacity);
    expect(found.fails ?? 0).toBeGreaterThan(capacity);
    const [doubted = 0] = lied;
    expect(found.trials.filter((trial) => trial.value === doubted).length).toBeGreaterThanOrEqual(
      2,
    );
  });

  it('ends however contradictory the measurements are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (coin) => {
        const found = await bisect(range, async () => coin.next().value ?? false);
        expect(found.trials.length).toBeLessThanOrEqual(62);
      }),
    );
  });

  it('takes about as many measurements as was foretold', async () => {
    const found = await bisect(range, async (value) => value <= 7_000);
    expect(Math.abs(found.trials.length - expectedTrials(range))).toBeLessThanOrEqual(2);
  });

  it('measures counts at whole numbers', async () => {
    const seen: number[] = [];
    await bisect({ ...range, from: 1, to: 1_000, whole: true }, async (value) => {
      seen.push(value);
      return value <= 37;
    });
    expect(seen.every(Number.isInteger)).toBe(true);
  });
});

describe('splitQuantity', () => {
  it('keeps the unit', () => {
    expect(splitQuantity('2000/s')).toEqual({ value: 2000, unit: '/s' });
    expect(splitQuantity('1.5 ms')).toEqual({ value: 1.5, unit: 'ms' });
    expect(splitQuantity('12')).toEqual({ value: 12, unit: '' });
    expect(splitQuantity('fast')).toBeNull();
  });
});
