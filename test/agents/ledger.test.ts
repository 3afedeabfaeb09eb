import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientAccount, ServerBooks } from '../../agents/ledger.ts';
import { decodeMembers } from '../helpers/decode.ts';

describe('ServerBooks', () => {
  it('tells first deliveries, duplicates, reordered and redelivered apart, as a slow model does', () => {
    const delivery = fc.record({
      server: fc.integer({ min: 0, max: 2 }),
      client: fc.integer({ min: 0, max: 3 }),
      sequence: fc.integer({ min: 0, max: 30 }),
      redelivered: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(delivery, { maxLength: 200 }), (deliveries) => {
        const books = new ServerBooks();
        // Servers 0 and 1 share a subscriber, 2 has its own.
        const servers = [books.open(0, 0), books.open(0, 1), books.open(7, 1)];
        const model = new Map<string, { delivered: Set<number>; counts: number[] }>();
        const highest = new Map<string, number>();
        for (const { server, client, sequence, redelivered } of deliveries) {
          const subscriber = server === 2 ? 7 : 0;
          const clientSite = client % 2;
          const key = `${client} ${subscriber}`;
          const known = model.get(key) ?? { delivered: new Set(), counts: [0, 0, 0, 0] };
          model.set(key, known);
          const isFirst = !known.delivered.has(sequence);
          const top = highest.get(`${server} ${client}`) ?? -1;
          const site = server === 0 ? 0 : 1;
          const counted = [
            isFirst && site === clientSite,
            !isFirst,
            isFirst && sequence < top && !redelivered,
            redelivered,
          ];
          known.counts = known.counts.map((count, at) => count + (counted[at] ? 1 : 0));
          known.delivered.add(sequence);
          if (isFirst) highest.set(`${server} ${client}`, Math.max(top, sequence));
          const got = servers[server]?.deliver(client, clientSite, sequence, redelivered);
          expect(got).toBe(isFirst);
        }
        const entries = [...books.entries(true)];
        expect(entries).toHaveLength(model.size);
        for (const entry of entries) {
          const known = model.get(`${entry.client} ${entry.subscriber}`);
          const sorted = [...(known?.delivered ?? [])].sort((a, b) => a - b);
          expect(decodeMembers(entry.delivered)).toEqual(sorted);
          const { local, duplicated, reordered, redelivered } = entry;
          expect([local, duplicated, reordered, redelivered]).toEqual(known?.counts);
        }
      }),
    );
  });

  it('says what came in time only where something did not', () => {
    const books = new ServerBooks();
    const book = books.open(0, 0);
    for (const sequence of [0, 1, 2]) book.deliver(5, 0, sequence, false);
    expect([...books.entries(true)][0]?.inTime).toBeNull();
    book.markLate(5, 1);
    expect(decodeMembers([...books.entries(true)][0]?.inTime ?? '')).toEqual([0, 2]);
    expect([...books.entries(false)][0]?.inTime).toBeNull();
  });
});

describe('ClientAccount', () => {
  it('notes the receivers of a message only where their number changes', () => {
    const account = new ClientAccount(3);
    account.due = 5;
    account.markSent(0, 3);
    account.markSent(1, 3);
    account.markSent(3, 2);
    account.markSent(4, 3);
    const entry = account.entry(9, true);
    expect(entry.receivers).toEqual([
      [0, 3],
      [3, 2],
      [4, 3],
    ]);
    expect(decodeMembers(entry.sent)).toEqual([0, 1, 3, 4]);
    expect(entry.refused).toBeNull();
  });

  it('keeps failures by class and refusals by message', () => {
    const account = new ClientAccount(1);
    account.fail('timeout');
    account.fail('unroutable');
    account.refuse(4);
    account.fail('unroutable');
    account.refuse(6);
    const entry = account.entry(0, false);
    expect(entry.failed).toEqual({ timeout: 1, unroutable: 2 });
    expect(decodeMembers(entry.refused ?? '')).toEqual([4, 6]);
    expect(entry.replied).toBeNull();
  });
});
