import { describe, expect, it } from 'vitest';
import { nowUs } from '../../agents/clock.ts';
import { measure, memoryAssignment, sleep, sum } from '../helpers/agent-run.ts';
import { decodeFloats, decodeIntegers, decodeMembers, mergeHistograms } from '../helpers/decode.ts';

describe('one-way patterns over the memory driver', () => {
  it('times casts at the server', async () => {
    const { parts } = await measure(memoryAssignment({ pattern: 'cast' }), 600, 200);
    expect(sum(parts.clients, ({ due }) => due)).toBe(300);
    const histograms = parts.of('histogram');
    for (const kind of ['response', 'service', 'requestLeg', 'transit', 'agentDelay', 'busDelay']) {
      expect([kind, mergeHistograms(histograms, kind).totalCount]).toEqual([kind, 300]);
    }
    expect(mergeHistograms(histograms, 'replyLeg').totalCount).toBe(0);
    for (const { replied } of parts.clients) expect(replied).toBeNull();
    for (const { inTime } of parts.servers) expect(inTime).toBeNull();
    expect(sum(parts.servers, ({ local }) => local)).toBeGreaterThan(0);
    expect(sum(parts.of('interval'), ({ done }) => done)).toBe(300);
  });

  it('marks casts that come after their deadline late, without a latency', async () => {
    const { parts } = await measure(
      memoryAssignment({ pattern: 'cast', timeoutMs: 40 }, { delayUs: 60_000 }),
      400,
      300,
    );
    // A busy machine may take one of them after its deadline, and then it is not sent at all.
    const sent = sum(parts.clients, (entry) => decodeMembers(entry.sent).length);
    expect(sent).toBeGreaterThan(0);
    expect(sum(parts.servers, (entry) => decodeMembers(entry.delivered).length)).toBe(sent);
    expect(sum(parts.servers, (entry) => decodeMembers(entry.inTime ?? '').length)).toBe(0);
    expect(mergeHistograms(parts.of('histogram'), 'response').totalCount).toBe(0);
  });

  it('keeps first and last arrival of every fanout', async () => {
    const { parts } = await measure(memoryAssignment({ pattern: 'fanout' }), 600, 200);
    expect(parts.servers).toHaveLength(18);
    for (const { receivers } of parts.clients) expect(receivers).toEqual([[0, 3]]);
    const arrivals = parts.of('arrivals');
    expect(arrivals).toHaveLength(6);
    for (const part of arrivals) {
      const sequences = decodeIntegers(part.sequence);
      expect(sequences).toHaveLength(50);
      expect(decodeIntegers(part.copies)).toEqual(sequences.map(() => 3));
      const first = decodeFloats(part.firstUs);
      const last = decodeFloats(part.lastUs);
      const sent = decodeFloats(part.sentUs);
      first.forEach((us, row) => {
        expect(us).toBeGreaterThan(sent[row] ?? Number.NaN);
        expect(last[row]).toBeGreaterThan(us);
      });
      const due = decodeFloats(part.dueUs);
      expect(due[1]).toBeCloseTo((due[0] ?? 0) + 12_000, 0);
    }
    expect(mergeHistograms(parts.of('histogram'), 'response').totalCount).toBe(0);
    expect(mergeHistograms(parts.of('histogram'), 'transit').totalCount).toBe(900);
  });

  it('gives every pool each event once', async () => {
    const { parts } = await measure(
      memoryAssignment({ pattern: 'notify', pools: 2 }, {}, { serverCount: 4 }),
      600,
      200,
    );
    const byPool = new Map<number, number>();
    for (const { subscriber, delivered, duplicated } of parts.servers) {
      expect(duplicated).toBe(0);
      byPool.set(subscriber, (byPool.get(subscriber) ?? 0) + decodeMembers(delivered).length);
    }
    expect([...byPool].sort()).toEqual([
      [0, 300],
      [1, 300],
    ]);
    expect(sum(parts.of('arrivals'), (part) => sum(decodeIntegers(part.copies), (n) => n))).toBe(
      600,
    );
  });

  it('notes how many receivers were ready at the send', async () => {
    const { parts } = await measure(
      memoryAssignment({ pattern: 'fanout' }),
      600,
      200,
      async (run, measureUs) => {
        await sleep((measureUs - nowUs()) / 1e3 + 300);
        run.agent.receive({ type: 'receivers', receivers: [2] });
      },
    );
    for (const { receivers } of parts.clients) {
      expect(receivers).toHaveLength(2);
      expect(receivers[1]?.[0]).toBeGreaterThan(10);
      expect(receivers[1]?.[1]).toBe(2);
    }
  });
});
