import { expect, it } from 'vitest';
import { itemAt } from '../../topologies/item-at.ts';

it('gives the item, a zero included', () => {
  expect(itemAt(['a', 'b'], 1)).toBe('b');
  expect(itemAt(Uint8Array.of(7, 0), 1)).toBe(0);
});

it('says what was asked for where there is none', () => {
  for (const index of [-1, 2, 0.5, Number.NaN]) {
    expect(() => itemAt([1, 2], index)).toThrow(`no item ${index} in a list of 2`);
  }
});
