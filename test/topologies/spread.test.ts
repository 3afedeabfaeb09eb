import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spread } from '../../topologies/spread.ts';

const siteNames = (n: number): string[] => Array.from({ length: n }, (_, i) => `s${i}`);

describe('spread', () => {
  it('follows the rule of the contract when even', () => {
    const [count, topics, sites] = [24, 4, 3];
    const seats = spread(count, topics, siteNames(sites), 'even');
    for (const [j, seat] of seats.entries()) {
      const topic = j % topics;
      expect(seat).toEqual({ topic, site: (topic + Math.floor(j / topics)) % sites });
    }
  });

  it('gives each site of a topic its share to within one, whatever the numbers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 8 }),
        (count, topics, sites) => {
          const tally = new Map<string, number>();
          for (const { topic, site } of spread(count, topics, siteNames(sites), 'even')) {
            tally.set(`${topic} ${site}`, (tally.get(`${topic} ${site}`) ?? 0) + 1);
          }
          for (let topic = 0; topic < topics; topic++) {
            const shares = siteNames(sites).map((_, site) => tally.get(`${topic} ${site}`) ?? 0);
            expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it('gives each site exactly what a placement says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        (rooms, topics) => {
          const sites = siteNames(rooms.length);
          const placement = Object.fromEntries(sites.map((site, i) => [site, rooms[i] ?? 0]));
          const count = rooms.reduce((a, b) => a + b, 0);
          const seats = spread(count, topics, sites, placement);
          const perSite = sites.map((_, i) => seats.filter((seat) => seat.site === i).length);
          expect(perSite).toEqual(rooms);
          expect(seats.every((seat, j) => seat.topic === j % topics)).toBe(true);
        },
      ),
    );
  });

  it('refuses more peers than a placement seats', () => {
    expect(() => spread(3, 1, ['a'], { a: 2 })).toThrow(RangeError);
  });
});
