import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pacer, PacerOptions } from '../../../agents/pacers/pacer.ts';
import { makePacer } from '../../../agents/pacers/registry.ts';
import { offeredPerSecond } from '../../../reports/reconcile/workload.ts';

const startUs = 5_000_000_000;

type Pace = Parameters<typeof makePacer>[0];

function options(over: Partial<PacerOptions>): PacerOptions {
  return {
    clients: [0],
    totalClients: 1,
    seed: 1,
    startUs,
    measureUs: startUs,
    measureEndUs: startUs + 1e6,
    callsPerClient: null,
    ...over,
  };
}

function open(ratePerSecond: number, arrivals: 'constant' | 'poisson' = 'constant'): Pace {
  return { kind: 'open', ratePerSecond, arrivals, ramp: [] };
}

interface Taken {
  readonly client: number;
  readonly dueUs: number;
}

/** Takes everything (at most a million) from an open loop. */
function takeAll(pacer: Pacer, clients: readonly number[]): Taken[] {
  const taken: Taken[] = [];
  for (let i = 0; i < 1e6; i++) {
    const dueUs = pacer.peekUs();
    if (dueUs === Number.POSITIVE_INFINITY) break;
    taken.push({ client: clients[pacer.take()] ?? -1, dueUs: dueUs - startUs });
  }
  return taken;
}

/** Runs the same pace in several processes that share the clients by `owner`. */
function union(pace: Pace, over: Partial<PacerOptions>, totalClients: number, processes: number) {
  const all = Array.from({ length: processes }, (_, process) => {
    const clients = Array.from({ length: totalClients }, (_, i) => i).filter(
      (i) => i % processes === process,
    );
    return takeAll(makePacer(pace, options({ ...over, totalClients, clients })), clients);
  });
  return all.flat().sort((a, b) => a.dueUs - b.dueUs);
}

describe('constant rate', () => {
  it('is exactly smooth over all processes, whatever their number', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 5000, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer(),
        (rate, totalClients, processes, seed) => {
          const taken = union(open(rate), { seed }, totalClients, processes);
          expect(taken).toHaveLength(Math.ceil(rate));
          taken.forEach(({ dueUs }, k) => {
            expect(Math.abs(dueUs - (k * 1e6) / rate)).toBeLessThan(0.01);
          });
          const ofRound = taken.slice(0, totalClients).map(({ client }) => client);
          expect(new Set(ofRound).size).toBe(Math.min(totalClients, taken.length));
          taken.forEach(({ client }, k) => {
            if (k >= totalClients) expect(client).toBe(taken[k - totalClients]?.client);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('spreads 10 000 clients of 0.1/s like one of 1 000/s', () => {
    const taken = union(open(1000), { measureEndUs: startUs + 20e6 }, 10_000, 4);
    expect(taken).toHaveLength(20_000);
    expect(taken.map(({ dueUs }) => dueUs)).toEqual(taken.map((_, k) => k * 1000));
    expect(new Set(taken.slice(0, 10_000).map(({ client }) => client)).size).toBe(10_000);
  });

  it('works below one a second: 90 a minute', () => {
    const taken = union(open(90 / 60), { measureEndUs: startUs + 60e6 }, 7, 2);
    expect(taken).toHaveLength(90);
    expect(taken.at(-1)?.dueUs).toBeCloseTo(89 / 1.5e-6, 1);
  });

  it('gives each client exactly its calls after the warm-up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 1, max: 3000, noNaN: true }),
        fc.integer({ min: 0, max: 3_000_000 }),
        (totalClients, processes, calls, rate, warmupUs) => {
          const over = {
            measureUs: startUs + warmupUs,
            measureEndUs: Number.POSITIVE_INFINITY,
            callsPerClient: calls,
          };
          const taken = union(open(rate), over, totalClients, processes);
          const measured = countBy(taken.filter(({ dueUs }) => dueUs >= warmupUs));
          expect([...measured.values()]).toEqual(new Array(totalClients).fill(calls));
        },
      ),
      { numRuns: 40 },
    );
  });
});

it('counts calls from the operation that is due, as rounded, when measuring begins', () => {
  // 391 operations take 1 307 686.9999999998 us, which rounds to the start of measuring once it is added to a clock.
  const over = {
    measureUs: startUs + 1_307_687,
    measureEndUs: Number.POSITIVE_INFINITY,
    callsPerClient: 3,
  };
  const taken = union(open(299.0012135931611), over, 1, 1);
  expect(taken.filter(({ dueUs }) => dueUs >= 1_307_687)).toHaveLength(3);
});

describe('ramp', () => {
  it('changes the rate in a straight line from the start of measuring', () => {
    const pace: Pace = {
      kind: 'open',
      ratePerSecond: 100,
      arrivals: 'constant',
      ramp: [{ toPerSecond: 500, overMs: 4000 }],
    };
    const over = { measureUs: startUs + 1e6, measureEndUs: startUs + 7e6 };
    const taken = union(pace, over, 10, 3);
    const until = (us: number) => taken.filter(({ dueUs }) => dueUs < us).length;
    // The integral of the rate: 100 a second, then (100 + 500) / 2 over 4 s, then 500 a second.
    expect(until(1e6)).toBe(100);
    expect(until(3e6)).toBe(100 + 400);
    expect(until(5e6)).toBe(100 + 1200);
    expect(until(7e6)).toBe(100 + 1200 + 1000);
  });

  it('may rest at zero, and step at once', () => {
    const pace: Pace = {
      kind: 'open',
      ratePerSecond: 100,
      arrivals: 'constant',
      ramp: [
        { toPerSecond: 0, overMs: 0 },
        { toPerSecond: 0, overMs: 2000 },
        { toPerSecond: 300, overMs: 0 },
      ],
    };
    const taken = union(pace, { measureUs: startUs + 1e6, measureEndUs: startUs + 4e6 }, 10, 3);
    const dues = taken.map(({ dueUs }) => dueUs);
    expect(dues.filter((us) => us < 1e6)).toHaveLength(100);
    expect(dues.filter((us) => us >= 1e6 && us < 3e6)).toEqual([]);
    expect(dues.filter((us) => us >= 3e6)).toHaveLength(300);
    expect(offeredPerSecond(pace, 3000)).toBe(100);
  });

  it('never goes back in time and ends where the rate falls to zero', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            toPerSecond: fc.double({ min: 0, max: 2000, noNaN: true }),
            overMs: fc.integer({ min: 0, max: 1500 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        fc.double({ min: 1, max: 2000, noNaN: true }),
        (ramp, ratePerSecond) => {
          const pace: Pace = {
            kind: 'open',
            ratePerSecond,
            arrivals: 'constant',
            ramp: [...ramp, { toPerSecond: 0, overMs: 1000 }],
          };
          const over = { measureEndUs: Number.POSITIVE_INFINITY };
          const taken = union(pace, over, 3, 1);
          let before = ratePerSecond;
          let area = 0;
          for (const { toPerSecond, overMs } of pace.ramp) {
            area += ((before + toPerSecond) / 2) * (overMs / 1e3);
            before = toPerSecond;
          }
          expect(Math.abs(taken.length - area)).toBeLessThanOrEqual(2);
          taken.forEach(({ dueUs }, k) => {
            expect(dueUs).toBeGreaterThanOrEqual(taken[k - 1]?.dueUs ?? 0);
          });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('Poisson', () => {
  it('has the rate, the spread and the independence of a Poisson process', () => {
    const taken = union(open(2000, 'poisson'), { measureEndUs: startUs + 20e6 }, 20, 4);
    // 40 000 expected, standard deviation 200.
    expect(Math.abs(taken.length - 40_000)).toBeLessThan(1200);
    const gaps = taken.map(({ dueUs }, k) => dueUs - (taken[k - 1]?.dueUs ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.95);
    expect(Math.sqrt(variance) / mean).toBeLessThan(1.05);
    for (const count of countBy(taken).values()) {
      expect(Math.abs(count - 2000)).toBeLessThan(300);
    }
  });

  it('gives each client exactly its calls', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer(),
        (totalClients, calls, seed) => {
          const over = { seed, measureEndUs: Number.POSITIVE_INFINITY, callsPerClient: calls };
          const taken = union(open(500, 'poisson'), over, totalClients, 2);
          const measured = [...countBy(taken).values()];
          expect(measured).toEqual(new Array(totalClients).fill(calls));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('repeats itself for the same seed only', () => {
    const first = union(open(100, 'poisson'), { seed: 5 }, 3, 1);
    expect(union(open(100, 'poisson'), { seed: 5 }, 3, 1)).toEqual(first);
    expect(union(open(100, 'poisson'), { seed: 6 }, 3, 1)).not.toEqual(first);
  });
});

describe('closed loop', () => {
  it('makes the next operation due one pause after the end of the one before', () => {
    const pacer = makePacer(
      { kind: 'pause', pauseMs: 100 },
      options({ measureEndUs: startUs + 1e6 }),
    );
    const dues: number[] = [];
    for (let i = 0; i < 20; i++) {
      const dueUs = pacer.peekUs();
      if (dueUs === Number.POSITIVE_INFINITY) break;
      dues.push(dueUs - startUs);
      pacer.take();
      expect(pacer.peekUs()).toBe(Number.POSITIVE_INFINITY);
      pacer.ended(0, dueUs + 50_000);
    }
    expect(dues).toEqual([0, 150_000, 300_000, 450_000, 600_000, 750_000, 900_000]);
  });

  it('staggers the first operations evenly over one pause', () => {
    const pace: Pace = { kind: 'pause', pauseMs: 10 };
    const over = { measureEndUs: startUs + 10_000 };
    const taken = union(pace, over, 10, 3);
    expect(taken.map(({ dueUs }) => Math.round(dueUs))).toEqual(
      Array.from({ length: 10 }, (_, k) => k * 1000),
    );
  });

  it('keeps so many operations of each client in flight, and gives each exactly its calls', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer(),
        (totalClients, inFlight, calls, seed) => {
          const clients = Array.from({ length: totalClients }, (_, i) => i);
          const pacer = makePacer(
            { kind: 'inFlight', inFlight },
            options({
              clients,
              totalClients,
              seed,
              measureEndUs: Number.POSITIVE_INFINITY,
              callsPerClient: calls,
            }),
          );
          const going = new Map<number, number>();
          const had = new Map<number, number>();
          const queue: number[] = [];
          let nowUs = startUs;
          let lastUs = 0;
          for (;;) {
            const dueUs = pacer.peekUs();
            if (dueUs <= nowUs) {
              expect(dueUs).toBeGreaterThanOrEqual(lastUs);
              lastUs = dueUs;
              const client = pacer.take();
              queue.push(client);
              going.set(client, (going.get(client) ?? 0) + 1);
              had.set(client, (had.get(client) ?? 0) + 1);
              expect(going.get(client)).toBeLessThanOrEqual(inFlight);
              continue;
            }
            nowUs += 1000;
            const client = queue.shift();
            if (client === undefined) break;
            going.set(client, (going.get(client) ?? 0) - 1);
            pacer.ended(client, nowUs);
          }
          expect([...had.values()]).toEqual(new Array(totalClients).fill(calls));
        },
      ),
      { numRuns: 50 },
    );
  });
});

function countBy(taken: readonly Taken[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { client } of taken) counts.set(client, (counts.get(client) ?? 0) + 1);
  return counts;
}
