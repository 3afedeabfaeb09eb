import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProbeBook, type Prover, waveSize } from '../../../orchestrator/agents/probe-book.ts';

type Fate = 'answered' | 'returned' | 'vanished' | 'not-taken';

const never = Number.POSITIVE_INFINITY;

function provers(clients: number, routes: number, subscribers: number): Prover[] {
  return Array.from({ length: clients }, (_, client) => {
    return { client, agent: client % 3, routes, subscribers };
  });
}

/** Every probe that may be sent now, as pairs. */
function taken(book: ProbeBook, nowMs = 0): { client: number; route: number }[] {
  return [...book.take(nowMs).values()].flat();
}

describe('ProbeBook', () => {
  it('has no more under way than a wave, and sends on as answers come', () => {
    const book = new ProbeBook(provers(10_000, 1, 1));
    const first = taken(book);
    expect(first).toHaveLength(waveSize);
    expect(taken(book, 60_000)).toEqual([]);
    for (const { client } of first.slice(0, 100)) book.answered(client, 0, 0);
    expect(taken(book)).toHaveLength(100);
    expect(book.underway).toBe(waveSize);
  });

  it('counts the copies of one probe, and sends one that has more of them than a wave', () => {
    const many = new ProbeBook(provers(100, 1, 100));
    expect(taken(many)).toHaveLength(Math.floor(waveSize / 100));
    const wide = new ProbeBook(provers(2, 1, waveSize + 1));
    expect(taken(wide)).toHaveLength(1);
    for (let server = 0; server <= waveSize; server++) wide.answered(0, 0, server);
    expect(taken(wide)).toEqual([{ client: 1, route: 0 }]);
    expect(wide.unproven).toEqual(new Set([1]));
  });

  it('sends again what came back, after pauses that double', () => {
    const book = new ProbeBook(provers(1, 1, 1));
    let nowMs = 0;
    for (const pauseMs of [100, 200, 400, 800, 1600, 3200, 3200]) {
      expect(taken(book, nowMs)).toHaveLength(1);
      book.returned(0, 0, nowMs);
      expect(taken(book, nowMs + pauseMs - 1)).toEqual([]);
      nowMs += pauseMs;
    }
    expect(book.account()).toEqual({ sent: 7, answered: 0, returned: 7, leftOver: 0 });
  });

  it('does not count what the library never took', () => {
    const book = new ProbeBook(provers(1, 1, 1));
    taken(book);
    book.notTaken(0, 0, 0);
    expect(book.account().sent).toBe(0);
    expect(taken(book, 100)).toHaveLength(1);
    book.answered(0, 0, 0);
    expect(book.account()).toEqual({ sent: 1, answered: 1, returned: 0, leftOver: 0 });
  });

  it('replaces what vanished, and accounts for it when it comes after all', () => {
    const book = new ProbeBook(provers(1, 1, 1));
    taken(book);
    book.presumeLost();
    expect(taken(book)).toHaveLength(1);
    book.answered(0, 0, 0);
    expect(book.unproven.size).toBe(0);
    expect(book.account().leftOver).toBe(1);
    book.answered(0, 0, 0);
    expect(book.account()).toEqual({ sent: 2, answered: 2, returned: 0, leftOver: 0 });
  });

  it('wants every route, and every subscriber by whatever route', () => {
    const book = new ProbeBook(provers(1, 2, 2));
    taken(book);
    book.answered(0, 0, 0);
    book.answered(0, 1, 0);
    expect(book.progress(0)).toEqual({ routes: 2, subscribers: 1 });
    expect(book.unproven.size).toBe(1);
    book.answered(0, 1, 1);
    expect(book.unproven.size).toBe(0);
    expect(book.account().leftOver).toBe(1);
  });

  it('proves all over any bus, and balances: sent is answered, returned or left over', () => {
    const fate = fc.constantFrom<Fate>('answered', 'answered', 'returned', 'vanished', 'not-taken');
    const shape = fc.record({
      clients: fc.integer({ min: 1, max: 40 }),
      routes: fc.integer({ min: 1, max: 3 }),
      subscribers: fc.integer({ min: 1, max: 4 }),
      fates: fc.array(fate, { maxLength: 200 }),
    });
    fc.assert(
      fc.property(shape, ({ clients, routes, subscribers, fates }) => {
        const book = new ProbeBook(provers(clients, routes, subscribers));
        const count = { answered: 0, returned: 0, vanished: 0, 'not-taken': 0 };
        let sent = 0;
        let at = 0;
        for (let nowMs = 0; book.unproven.size > 0; nowMs += 10_000) {
          const probes = taken(book, nowMs);
          if (probes.length === 0) book.presumeLost();
          sent += probes.length;
          for (const { client, route } of probes) {
            const next = fates[at++] ?? 'answered';
            count[next]++;
            if (next === 'returned') book.returned(client, route, nowMs);
            if (next === 'not-taken') book.notTaken(client, route, nowMs);
            if (next !== 'answered') continue;
            for (let server = 0; server < subscribers; server++) {
              book.answered(client, route, server);
            }
          }
        }
        expect(taken(book, never)).toEqual([]);
        const account = book.account();
        expect(account.sent).toBe(sent - count['not-taken']);
        expect(account.answered).toBe(count.answered * subscribers);
        expect(account.returned).toBe(count.returned);
        expect(account.leftOver).toBe(count.vanished * subscribers);
      }),
    );
  });
});
