import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bitmap } from '../../agents/bitmap.ts';
import { decodeMembers } from '../helpers/decode.ts';

const members = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 200 });

function bitmapOf(indices: readonly number[]): Bitmap {
  const bitmap = new Bitmap();
  for (const index of indices) bitmap.add(index);
  return bitmap;
}

const sorted = (indices: Iterable<number>): number[] => [...new Set(indices)].sort((a, b) => a - b);

describe('Bitmap', () => {
  it('is the set of what was added, and survives its encoding', () => {
    fc.assert(
      fc.property(members, (indices) => {
        const bitmap = new Bitmap();
        const known = new Set<number>();
        for (const index of indices) {
          expect(bitmap.has(index)).toBe(known.has(index));
          expect(bitmap.add(index)).toBe(!known.has(index));
          known.add(index);
        }
        expect(bitmap.size).toBe(known.size);
        expect(decodeMembers(bitmap.encode())).toEqual(sorted(known));
      }),
    );
  });

  it('subtracts', () => {
    fc.assert(
      fc.property(members, members, (one, other) => {
        const rest = bitmapOf(one).without(bitmapOf(other));
        const expected = sorted(one).filter((index) => !other.includes(index));
        expect(decodeMembers(rest.encode())).toEqual(expected);
        expect(rest.size).toBe(expected.length);
      }),
    );
  });
});
