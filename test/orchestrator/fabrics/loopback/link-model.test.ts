import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jitterAt } from '../../../../orchestrator/fabrics/loopback/jitter.ts';
import { LinkModel } from '../../../../orchestrator/fabrics/loopback/link-model.ts';
import type { LinkShape } from '../../../../topologies/topology.ts';

const perfect: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };

const shapes = fc.record({
  delayMs: fc.double({ min: 0, max: 300, noNaN: true }),
  jitterMs: fc.double({ min: 0, max: 20, noNaN: true }),
  lossPercent: fc.constant(0),
  rateMbps: fc.option(fc.double({ min: 0.1, max: 10_000, noNaN: true })),
});
const entries = fc.array(
  fc.record({
    gapUs: fc.nat(20_000),
    bytes: fc.nat(65_536),
    reshape: fc.option(shapes, { freq: 20 }),
  }),
  { maxLength: 200 },
);

test('nothing overtakes, nothing arrives before it entered, whatever the shapes', () => {
  fc.assert(
    fc.property(shapes, entries, fc.nat(), (shape, steps, seed) => {
      const model = new LinkModel(shape, seed);
      let nowUs = 1e9;
      let lastUs = 0;
      for (const { gapUs, bytes, reshape } of steps) {
        nowUs += gapUs;
        if (reshape !== null) model.reshape(reshape);
        const dueUs = model.enter(nowUs, bytes);
        expect(dueUs).toBeGreaterThanOrEqual(Math.max(nowUs, lastUs));
        lastUs = dueUs;
      }
    }),
  );
});

test('without jitter and rate the delay is exact', () => {
  const model = new LinkModel({ ...perfect, delayMs: 12.5 }, 1);
  expect(model.enter(1_000, 1_000_000)).toBe(13_500);
  expect(model.pieceBytes).toBe(Number.POSITIVE_INFINITY);
});

test('over any stretch, no more passes than the rate and one bucket', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 1_000, noNaN: true }), entries, (rateMbps, steps) => {
      const model = new LinkModel({ ...perfect, rateMbps }, 1);
      let nowUs = 1e6;
      let bytesSoFar = 0;
      for (const { gapUs, bytes } of steps) {
        nowUs += gapUs;
        bytesSoFar += bytes;
        const dueUs = model.enter(nowUs, bytes);
        const allowed = model.pieceBytes + ((dueUs - 1e6) * rateMbps) / 8;
        expect(bytesSoFar).toBeLessThanOrEqual(allowed + 2);
      }
    }),
  );
});

test('a saturated rate is met exactly, an idle one delays nothing', () => {
  const model = new LinkModel({ ...perfect, rateMbps: 8 }, 1);
  expect(model.enter(1e6, 1_000)).toBe(1e6);
  for (let i = 0; i < 1_000; i++) model.enter(1e6, 1_000);
  // 1 001 000 bytes at 1 byte a us, less the bucket of 1 500.
  expect(model.enter(1e6, 0)).toBeCloseTo(1e6 + 1_001_000 - 1_500, 3);
  expect(model.backlogUs(1e6)).toBeCloseTo(999_500, 3);
  model.reshape({ rateMbps: null });
  expect(model.backlogUs(1e6)).toBe(0);
});

test('after a cut the earliest arrival is one delay from now', () => {
  const model = new LinkModel({ ...perfect, delayMs: 10 }, 1);
  model.enter(0, 1);
  expect(model.resume(50_000)).toBe(60_000);
  model.reshape({ delayMs: 1 });
  expect(model.enter(50_000, 1)).toBe(60_000);
});

test.for([500, 2_000, 10_000])('jitter of %i us has that deviation and no bias', (sigmaUs) => {
  const samples: number[] = [];
  for (let i = 0; i < 200_000; i++) samples.push(jitterAt(7, sigmaUs, 1e9 + i * 1_000 * Math.PI));
  const mean = samples.reduce((sum, x) => sum + x, 0) / samples.length;
  const variance = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / samples.length;
  expect(Math.abs(mean)).toBeLessThan(sigmaUs * 0.1);
  expect(Math.sqrt(variance) / sigmaUs).toBeGreaterThan(0.9);
  expect(Math.sqrt(variance) / sigmaUs).toBeLessThan(1.1);
});

test('jitter falls slower than time passes, so that order costs no delay', () => {
  let last = jitterAt(3, 5_000, 0);
  for (let timeUs = 100; timeUs < 1e7; timeUs += 100) {
    const now = jitterAt(3, 5_000, timeUs);
    expect(now - last).toBeGreaterThan(-100);
    last = now;
  }
});
