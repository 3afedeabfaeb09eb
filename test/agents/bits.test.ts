import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addBit,
  decodeBits,
  difference,
  hasBit,
  intersection,
  size,
  span,
  union,
} from '../../agents/bitmap.ts';
import { bits, range } from '../reports/reconcile/synthetic.ts';

const sequences = fc.uniqueArray(fc.nat(300));

function members(bitmap: Uint8Array): number[] {
  return range(320).filter((sequence) => hasBit(bitmap, sequence));
}

describe('bits', () => {
  it('reads what agents write and does set arithmetic', () => {
    fc.assert(
      fc.property(sequences, sequences, (a, b) => {
        const left = decodeBits(bits(a));
        const right = decodeBits(bits(b));
        const sorted = (list: readonly number[]) => [...list].sort((x, y) => x - y);
        expect(members(left)).toEqual(sorted(a));
        expect(size(left)).toBe(a.length);
        expect(span(left)).toBe(a.length === 0 ? 0 : Math.max(...a) + 1);
        expect(members(union(left, right))).toEqual(sorted([...new Set([...a, ...b])]));
        expect(members(intersection(left, right))).toEqual(sorted(a.filter((s) => b.includes(s))));
        expect(members(difference(left, right))).toEqual(sorted(a.filter((s) => !b.includes(s))));
        expect(members(left)).toEqual(sorted(a));
      }),
      { seed: 3 },
    );
  });

  it('refuses a sequence that its set has no room for', () => {
    const set = new Uint8Array(2);
    addBit(set, 15);
    expect(members(set)).toEqual([15]);
    expect(() => addBit(set, 16)).toThrow('no item 2 in a list of 2');
  });

  it('subtracts down to the last byte that both have', () => {
    for (const [a, b, rest] of [
      [[5], [5], []],
      [[1, 5], [5], [1]],
      [[1, 63], [63], [1]],
      [[1, 63, 64], [63], [1, 64]],
      [[1], [1, 200], []],
    ] as const) {
      expect(members(difference(decodeBits(bits(a)), decodeBits(bits(b))))).toEqual(rest);
    }
  });

  it('takes null for the empty set', () => {
    expect(size(decodeBits(null))).toBe(0);
  });
});
