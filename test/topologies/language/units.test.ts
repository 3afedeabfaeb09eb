import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bitRate,
  duration,
  percent,
  quantityProblem,
  rangeProblem,
  rate,
  size,
} from '../../../topologies/language/units.ts';

describe('units', () => {
  it('parse to their base unit', () => {
    expect(duration.parse('10us')).toBe(0.01);
    expect(duration.parse('1.4s')).toBe(1400);
    expect(duration.parse('2 m')).toBe(120_000);
    expect(duration.parse('1h')).toBe(3_600_000);
    expect(duration.parse('2d')).toBe(172_800_000);
    expect(duration.parse('1m30s')).toBe(90_000);
    expect(duration.parse('1d2h3m4s5ms6us')).toBe(93_784_005.006);
    expect(rate.parse('90/m')).toBe(1.5);
    expect(rate.parse('36/h')).toBe(0.01);
    expect(bitRate.parse('1gbit')).toBe(1000);
    expect(bitRate.parse('100Mbit')).toBe(100);
    expect(bitRate.parse('256kbit')).toBe(0.256);
    expect(bitRate.parse('1mB')).toBe(8);
    expect(size.parse('64kB')).toBe(64_000);
    expect(percent.parse('0.1%')).toBe(0.1);
  });

  it.each([
    '10',
    'ms',
    '10 seconds',
    '-1ms',
    '1,5s',
    '',
    '10MS',
    'NaNms',
    '1e9999ms',
    '30s1m',
    '1m1.5s',
    '1m 30s',
  ])('do not take %j as a duration', (text) => {
    expect(duration.pattern.test(text)).toBe(false);
    expect(quantityProblem(duration, text)).toContain('us, ms, s, m, h or d');
  });

  it('format to a text that parses back to the same number', () => {
    for (const kind of [duration, rate, bitRate, size, percent]) {
      fc.assert(
        fc.property(fc.double({ min: kind.min, max: kind.max, noNaN: true }), (value) => {
          const text = kind.format(value);
          expect(kind.pattern.test(text)).toBe(true);
          expect(kind.parse(text)).toBe(value);
        }),
      );
    }
    expect(duration.format(1400)).toBe('1.4s');
    expect(duration.format(0)).toBe('0ms');
    expect(rate.format(1000)).toBe('1000/s');
  });

  it('say what was expected and what came instead', () => {
    expect(quantityProblem(duration, 10)).toBe(
      'expected a duration with its unit (us, ms, s, m, h or d), such as 10ms; got the bare number 10',
    );
    expect(quantityProblem(rate, undefined)).toMatch(/^is missing; expected a rate/);
    expect(quantityProblem(percent, null)).toContain('got nothing');
    expect(rangeProblem(percent, 101)).toBe('expected a percentage from 0% to 100%; got 101%');
    expect(rangeProblem(percent, 100)).toBeNull();
  });
});
