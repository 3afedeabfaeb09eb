import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lateness } from '../../../../orchestrator/fabrics/namespaces/lateness.ts';
import { LinkSchedule } from '../../../../orchestrator/fabrics/namespaces/link-schedule.ts';
import { Loss } from '../../../../orchestrator/fabrics/namespaces/loss.ts';
import {
  cutOff,
  lost,
  overflowed,
  PacketLink,
} from '../../../../orchestrator/fabrics/namespaces/packet-link.ts';
import type { LinkShape } from '../../../../topologies/topology.ts';

const perfect: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };
const linkOf = (shape: Partial<LinkShape>, seed = 1): PacketLink =>
  new PacketLink(1, { ...perfect, ...shape }, seed);

const shapes = fc.record({
  delayMs: fc.double({ min: 0, max: 300, noNaN: true }),
  jitterMs: fc.double({ min: 0, max: 20, noNaN: true }),
  lossPercent: fc.double({ min: 0, max: 100, noNaN: true }),
  lossBurst: fc.double({ min: 1, max: 20, noNaN: true }),
  rateMbps: fc.option(fc.double({ min: 0.1, max: 10_000, noNaN: true })),
});
const steps = fc.array(
  fc.record({
    gapUs: fc.nat(20_000),
    bytes: fc.integer({ min: 20, max: 65_535 }),
    reshape: fc.option(shapes, { freq: 20 }),
  }),
  { maxLength: 200 },
);

describe('a packet link', () => {
  test('nothing overtakes, nothing arrives before it entered, and what comes out went in', () => {
    fc.assert(
      fc.property(shapes, steps, fc.nat(), (shape, entries, seed) => {
        const link = linkOf(shape, seed);
        const under: number[] = [];
        let underBytes = 0;
        let nowUs = 1e9;
        let lastUs = 0;
        for (const [id, { gapUs, bytes, reshape }] of entries.entries()) {
          nowUs += gapUs;
          if (reshape !== null) link.reshape(reshape);
          const dueUs = link.enter(nowUs, bytes);
          if (dueUs < 0) {
            expect([lost, overflowed]).toContain(dueUs);
            continue;
          }
          expect(dueUs).toBeGreaterThanOrEqual(Math.max(nowUs, lastUs));
          lastUs = dueUs;
          link.push(id, dueUs, bytes);
          underBytes += bytes;
          under.push(id);
        }
        const out: number[] = [];
        expect(link.packets).toBe(0);
        while (link.nextUs !== Number.POSITIVE_INFINITY) out.push(link.shift());
        expect(out).toEqual(under);
        expect([link.packets, link.bytes]).toEqual([under.length, underBytes]);
        expect(link.packets + link.lostPackets + link.overflowedPackets).toBe(entries.length);
      }),
    );
  });

  test('without jitter and rate the delay is exact', () => {
    expect(linkOf({ delayMs: 12.5 }).enter(1_000, 1_500)).toBe(13_500);
  });

  test('a rate serialises packets, and its queue holds 100 ms and no more', () => {
    // 12 Mbit/s: 1 ms for each packet of 1500 bytes.
    const link = linkOf({ rateMbps: 12, delayMs: 10 });
    const dues = Array.from({ length: 150 }, () => link.enter(0, 1_500));
    expect(dues[0]).toBe(11_000);
    expect(dues[99]).toBe(110_000);
    expect(dues.filter((due) => due === overflowed)).toHaveLength(49);
    // Idle time is not saved up.
    expect(link.enter(1e6, 1_500)).toBe(1e6 + 11_000);
  });

  test('a slow link has room for some packets, however long they take', () => {
    const link = linkOf({ rateMbps: 0.1 });
    const dues = Array.from({ length: 30 }, () => link.enter(0, 1_500));
    expect(dues.filter((due) => due === overflowed)).toHaveLength(9);
  });

  test('jitter has the deviation asked for, adds nothing to the mean, and keeps order at 1000 packets/s', () => {
    const link = linkOf({ delayMs: 50, jitterMs: 5 }, 7);
    const delaysMs: number[] = [];
    for (let ms = 0; ms < 400_000; ms++)
      delaysMs.push((link.enter(ms * 1e3, 100) - ms * 1e3) / 1e3);
    const mean = delaysMs.reduce((a, b) => a + b) / delaysMs.length;
    const variance = delaysMs.reduce((sum, d) => sum + (d - mean) ** 2, 0) / delaysMs.length;
    expect(mean).toBeGreaterThan(49.5);
    expect(mean).toBeLessThan(50.5);
    expect(Math.sqrt(variance)).toBeGreaterThan(4.5);
    expect(Math.sqrt(variance)).toBeLessThan(5.5);
  });

  test('while cut nothing enters, and it tells who releases what was under way', () => {
    const link = linkOf({ delayMs: 10 });
    link.push(1, link.enter(0, 100), 100);
    link.cut = true;
    expect(link.enter(1, 100)).toBe(cutOff);
    expect(link.cut).toBe(true);
    expect(link.shift()).toBe(1);
    expect([link.packets, link.bytes]).toEqual([0, 0]);
    link.cut = false;
    expect(link.enter(20_000, 100)).toBe(30_000);
  });

  test('a gap in the numbers of the kernel is what was missed, also where they start again', () => {
    const link = linkOf({});
    for (const id of [1, 2, 5, 6]) link.number(id);
    expect(link.missedPackets).toBe(2);
    link.number(0xffff_ffff);
    const before = link.missedPackets;
    link.number(0);
    link.number(3);
    expect(link.missedPackets - before).toBe(2);
  });

  test('only loss and rate need packets of wire size', () => {
    expect(linkOf({ delayMs: 10, jitterMs: 2 }).needsSegments).toBe(false);
    expect(linkOf({ lossPercent: 0.1 }).needsSegments).toBe(true);
    const link = linkOf({ rateMbps: 10 });
    expect(link.needsSegments).toBe(true);
    link.reshape({ rateMbps: null });
    expect(link.needsSegments).toBe(false);
  });
});

/** Losses of `n` packets, as lengths of the bursts. */
function bursts(loss: Loss, n: number): number[] {
  const found: number[] = [];
  let length = 0;
  for (let i = 0; i < n; i++) {
    if (loss.next()) length++;
    else if (length > 0) {
      found.push(length);
      length = 0;
    }
  }
  return found;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('loss', () => {
  const n = 200_000;

  test.each([0.1, 1, 10, 50])('of %d %% each by itself is within 4 standard errors', (percent) => {
    const loss = new Loss(42);
    loss.change(percent, 1);
    const share = percent / 100;
    const error = Math.sqrt((share * (1 - share)) / n);
    expect(Math.abs(sum(bursts(loss, n)) / n - share)).toBeLessThan(4 * error);
  });

  test.each([2, 5, 20])(
    'in bursts of %d loses the same share, in fewer and longer bursts',
    (mean) => {
      const loss = new Loss(9);
      loss.change(2, mean);
      const lengths = bursts(loss, n);
      // Losses within a burst are one draw: the effective sample is smaller by twice its length.
      const error = Math.sqrt((0.02 * 0.98 * 2 * mean) / n);
      expect(Math.abs(sum(lengths) / n - 0.02)).toBeLessThan(4 * error);
      const observed = sum(lengths) / lengths.length;
      // Geometric lengths: deviation of the mean is about mean / sqrt(bursts).
      expect(Math.abs(observed - mean)).toBeLessThan((4 * mean) / Math.sqrt(lengths.length));
    },
  );

  test.each([20, 40])('of %d %% in bursts is still that share, not more', (percent) => {
    const loss = new Loss(9);
    loss.change(percent, 5);
    const share = percent / 100;
    // Good states are what is left: entering is likelier by 1 / (1 - share), which a few percent do not show.
    const error = Math.sqrt((share * (1 - share) * 2 * 5) / n);
    expect(Math.abs(sum(bursts(loss, n)) / n - share)).toBeLessThan(4 * error);
  });

  test('the same seed loses the same packets, another seed others', () => {
    const pattern = (seed: number): boolean[] => {
      const loss = new Loss(seed);
      loss.change(10, 1);
      return Array.from({ length: 500 }, () => loss.next());
    };
    expect(pattern(1)).toEqual(pattern(1));
    expect(pattern(1)).not.toEqual(pattern(2));
  });

  test('none and all are exact', () => {
    const loss = new Loss(1);
    expect(bursts(loss, 1_000)).toEqual([]);
    loss.change(100, 5);
    expect(Array.from({ length: 100 }, () => loss.next())).not.toContain(false);
  });
});

test('the schedule always has the link with the earliest packet first', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(1_000), { maxLength: 20 }), { maxLength: 30 }), (rows) => {
      const schedule = new LinkSchedule();
      for (const [queue, row] of rows.entries()) {
        const link = new PacketLink(queue, perfect, 1);
        for (const [id, due] of row.toSorted((a, b) => a - b).entries()) link.push(id, due, 1);
        if (row.length > 0) schedule.add(link);
      }
      const out: number[] = [];
      for (let link = schedule.first; link !== undefined; link = schedule.first) {
        if (link.nextUs === Number.POSITIVE_INFINITY) break;
        expect(link.nextUs).toBe(schedule.nextUs);
        out.push(link.nextUs);
        link.shift();
        schedule.settle();
      }
      expect(out).toEqual(rows.flat().toSorted((a, b) => a - b));
      expect(schedule.nextUs).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test('lateness tells quantiles to 10 us, and the maximum exactly', () => {
  const lateness = new Lateness();
  expect(lateness.quantileUs(0.99)).toBe(0);
  for (let us = 1; us <= 1_000; us++) lateness.add(us);
  lateness.add(2e6);
  expect(lateness.quantileUs(0.5)).toBeGreaterThanOrEqual(500);
  expect(lateness.quantileUs(0.5)).toBeLessThanOrEqual(510);
  expect(lateness.quantileUs(0.99)).toBeLessThanOrEqual(1_000);
  expect([lateness.maxUs, lateness.count]).toEqual([2e6, 1_001]);
  lateness.clear();
  expect([lateness.quantileUs(1), lateness.count]).toEqual([0, 0]);
});
