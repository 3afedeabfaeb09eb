import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bodies } from '../../../agents/workloads/bodies.ts';
import { Holds, thinkTimes } from '../../../agents/workloads/holds.ts';
import { Operations } from '../../../agents/workloads/operations.ts';
import { TokenQueue } from '../../../agents/workloads/token-queue.ts';

describe('Operations', () => {
  it('finds every open operation by its token, whatever was closed, however it grew', () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant('open' as const),
          count: fc.integer({ min: 1, max: 700 }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('close' as const), pick: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('oldest' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const operations = new Operations();
        const open = new Map<number, number>();
        let sequence = 0;
        const closed: number[] = [];
        for (const todo of steps) {
          if (todo.kind === 'open') {
            for (let i = 0; i < todo.count; i++) {
              const token = operations.open(
                3,
                sequence,
                true,
                sequence * 10,
                sequence * 10 + 1,
                64,
              );
              expect(open.has(token)).toBe(false);
              open.set(token, sequence);
              sequence++;
            }
          } else if (todo.kind === 'close') {
            const tokens = [...open.keys()];
            const token = tokens[todo.pick % Math.max(1, tokens.length)];
            if (token === undefined) continue;
            operations.setState(operations.find(token), 0);
            open.delete(token);
            closed.push(token);
          } else {
            const slot = operations.oldest();
            const first = Math.min(...open.values());
            expect(slot < 0 ? Number.POSITIVE_INFINITY : operations.sequence(slot)).toBe(first);
          }
        }
        for (const [token, expected] of open) {
          const slot = operations.find(token);
          expect(operations.sequence(slot)).toBe(expected);
          expect(operations.dueUs(slot)).toBe(expected * 10);
          expect(operations.token(slot)).toBe(token);
        }
        for (const token of closed) expect(operations.find(token)).toBe(-1);
      }),
      { numRuns: 50 },
    );
  });
});

describe('TokenQueue', () => {
  it('is in order of age, past the wrap of 32 bits', () => {
    const queue = new TokenQueue();
    const first = 2 ** 32 - 3;
    for (const age of [0, 2, 3, 5]) queue.push((first + age) >>> 0);
    queue.shift();
    queue.insert((first + 4) >>> 0);
    queue.insert((first + 1) >>> 0);
    const ages: number[] = [];
    for (let token = queue.first(); token !== undefined; token = queue.first()) {
      ages.push((token - first) >>> 0);
      queue.shift();
    }
    expect(ages).toEqual([1, 2, 3, 4, 5]);
    expect(queue.size).toBe(0);
  });
});

describe('Holds', () => {
  it('gives back in order of time what is done, and nothing before', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 100 }), (times) => {
        const holds = new Holds<number>();
        for (const time of times) holds.add(time, time);
        const taken: number[] = [];
        for (let now = 0; now <= 100; now += 7) {
          for (let item = holds.take(now); item !== undefined; item = holds.take(now)) {
            expect(item).toBeLessThanOrEqual(now);
            taken.push(item);
          }
          expect(holds.nextUs()).toBeGreaterThan(now);
        }
        for (let item = holds.take(100); item !== undefined; item = holds.take(100))
          taken.push(item);
        expect(taken).toEqual([...times].sort((a, b) => a - b));
        expect(holds.nextUs()).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });

  it('draws exponential think times of the mean asked for', () => {
    const draw = thinkTimes({ meanMs: 5, distribution: 'exponential' }, 1);
    const times = Array.from({ length: 20_000 }, (_, i) => draw(i % 7, i));
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    expect(Math.abs(mean - 5000)).toBeLessThan(200);
    expect(Math.max(...times)).toBeGreaterThan(25_000);
    expect(thinkTimes({ meanMs: 5, distribution: 'constant' }, 1)(0, 0)).toBe(5000);
  });
});

describe('Bodies', () => {
  it('gives every message a place of its own, of the size asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 64, max: 300_000 }), { maxLength: 40 }), (sizes) => {
        const bodies = new Bodies({ kind: 'fixed', bytes: 64 }, 1);
        const made = sizes.map((bytes) => bodies.make(bytes));
        made.forEach((body, i) => {
          body.fill(i);
        });
        made.forEach((body, i) => {
          expect(body.length).toBe(sizes[i]);
          expect(body.every((byte) => byte === i)).toBe(true);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('gives a message the size of its client and place, whoever else there is and whatever came before', () => {
    const size = { kind: 'uniform', minBytes: 100, maxBytes: 100_000 } as const;
    const [one, other] = [new Bodies(size, 1), new Bodies(size, 1)];
    const places = [0, 1, 2].flatMap((client) => [3, 4, 5].map((at) => [client, at] as const));
    const sizes = places.map(([client, at]) => one.bytesOf(client, at));
    const again = places.toReversed().map(([client, at]) => other.bytesOf(client, at));
    expect(again.toReversed()).toEqual(sizes);
    expect(new Set(sizes).size).toBe(sizes.length);
    expect(new Bodies(size, 2).bytesOf(0, 3)).not.toBe(sizes[0]);
  });

  it('follows the distribution of sizes, and never goes below the header', () => {
    const draw = (bodies: Bodies) =>
      Array.from({ length: 10_000 }, (_, i) => bodies.bytesOf(i % 7, i));
    const uniform = draw(new Bodies({ kind: 'uniform', minBytes: 100, maxBytes: 103 }, 1));
    for (const bytes of [100, 101, 102, 103]) {
      const share = uniform.filter((size) => size === bytes).length / uniform.length;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
    }
    const rows = [
      [64, 3],
      [9000, 1],
    ] as const;
    const weighted = draw(new Bodies({ kind: 'weighted', file: 'sizes.csv', rows }, 1));
    const large = weighted.filter((size) => size === 9000).length / weighted.length;
    expect(Math.abs(large - 0.25)).toBeLessThan(0.03);
    expect(new Set(draw(new Bodies({ kind: 'fixed', bytes: 1 }, 1)))).toEqual(new Set([64]));
  });
});
