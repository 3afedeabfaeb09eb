import { expect, it } from 'vitest';
import { seededPermutation } from '../../topologies/random.ts';

it('gives every order of three the same chance', () => {
  const seen = new Map<string, number>();
  const seeds = 6_000;
  for (let seed = 0; seed < seeds; seed++) {
    const order = seededPermutation(3, seed).join('');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
  // Binomial: five standard deviations are 144.
  for (const count of seen.values()) expect(Math.abs(count - seeds / 6)).toBeLessThan(144);
});

it('leaves nobody out, whatever the count', () => {
  for (const count of [0, 1, 2, 17, 1_000]) {
    const sorted = seededPermutation(count, 5).toSorted();
    expect([...sorted]).toEqual(Array.from({ length: count }, (_, i) => i));
  }
});
