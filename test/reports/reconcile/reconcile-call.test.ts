import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conclude } from '../../../reports/conclude.ts';
import {
  client,
  clientLedger,
  collected,
  evidence,
  histogram,
  interval,
  range,
  row,
  scenario,
  server,
  serverLedger,
  without,
} from './synthetic.ts';

const call = scenario();

describe('reconcile, call', () => {
  it('balances what the client knows and tells lost requests from lost replies', () => {
    // 100 due: 90 answered, 1 late, 2 unroutable, 1 unsent, 3 lost on the way, 3 answered into the void.
    const lost = [10, 11, 12];
    const voided = [20, 21, 22];
    const refused = [30, 31];
    const unsent = [40];
    const sent = range(100).filter((s) => !unsent.includes(s));
    const delivered = sent.filter((s) => ![...lost, ...refused].includes(s));
    const replied = delivered.filter((s) => !voided.includes(s));
    const { result } = conclude(
      evidence(call, [
        {
          type: 'clientLedger',
          entries: [
            clientLedger({
              client: 0,
              due: 100,
              sent,
              refused,
              replied,
              completed: 90,
              late: 1,
              failed: { timeout: 7, unroutable: 2, unsent: 1 },
            }),
          ],
        },
        { type: 'serverLedger', entries: [serverLedger({ client: 0, delivered, reordered: 4 })] },
        histogram('response', range(90, 1000)),
        histogram('service', range(90, 900)),
        histogram('busDelay', range(99, 1)),
        histogram('agentDelay', range(100, 1)),
      ]),
    );
    expect(result.outcome).toEqual({
      due: 100,
      sent: 99,
      completed: 90,
      failedTotal: 10,
      failed: { timeout: 7, unroutable: 2, unsent: 1 },
      delivered: 94,
      expectedDeliveries: 97,
      late: 1,
      lost: 3,
      lostReplies: 3,
      // The processes had no words for them.
      reasons: { timeout: { other: 7 }, unroutable: { other: 2 }, unsent: { other: 1 } },
      duplicated: 0,
      redelivered: 0,
      reordered: 4,
      unroutable: 2,
      unknown: 0,
    });
    const { response, service, busDelay, agentDelay } = result.latencyUs;
    expect([response.count, response.failed]).toEqual([90, 10]);
    expect([service.count, service.failed]).toEqual([90, 9]);
    expect([busDelay.count, busDelay.failed]).toEqual([99, 1]);
    expect([agentDelay.count, agentDelay.failed]).toEqual([100, 0]);
    expect(response).toMatchObject({ p50: 1049, p90: 1089, p95: null, max: null });
    expect(result.verdict.warnings.map(({ code }) => code)).not.toContain('LEDGER_UNBALANCED');
  });

  it('is invalid when the books do not balance', () => {
    const entries = [
      clientLedger({ client: 0, due: 10, replied: range(8), completed: 8, failed: { timeout: 1 } }),
    ];
    const { result } = conclude(
      evidence(call, [{ type: 'clientLedger', entries }, histogram('response', range(8, 1))]),
    );
    const warning = result.verdict.warnings.find(({ code }) => code === 'LEDGER_UNBALANCED');
    expect(warning).toMatchObject({ value: 1, limit: 0, invalidates: true });
    expect(result.verdict.status).toBe('invalid');
  });

  it('is invalid when a latency is missing', () => {
    const entries = [clientLedger({ client: 0, due: 10, replied: range(10), completed: 10 })];
    const { result } = conclude(
      evidence(call, [{ type: 'clientLedger', entries }, histogram('response', range(9, 1))]),
    );
    expect(result.verdict.warnings).toContainEqual(
      expect.objectContaining({ code: 'SAMPLES_UNBALANCED', value: 1, invalidates: true }),
    );
  });

  it('counts duplicates within processes and across them', () => {
    const { outcome } = conclude(
      evidence(call, [
        {
          type: 'clientLedger',
          entries: [clientLedger({ client: 0, due: 10, completed: 10, replied: range(10) })],
        },
        {
          type: 'serverLedger',
          entries: [serverLedger({ client: 0, delivered: range(6), duplicated: 2 })],
        },
        {
          type: 'serverLedger',
          entries: [serverLedger({ client: 0, delivered: range(6, 4), redelivered: 1 })],
        },
      ]),
    ).result;
    expect(outcome).toMatchObject({ delivered: 10, duplicated: 4, redelivered: 1, lost: 0 });
  });

  it('calls nothing lost that a dead server may have got, nor due what a dead client alone knew', () => {
    const parts = [
      {
        type: 'clientLedger' as const,
        entries: [
          clientLedger({
            client: 0,
            due: 10,
            replied: range(5),
            completed: 5,
            failed: { timeout: 5 },
          }),
        ],
      },
      {
        type: 'serverLedger' as const,
        entries: [
          serverLedger({ client: 0, delivered: range(3) }),
          // Of the dead client, sequences 0 to 7 must have been due, of which one was never seen.
          serverLedger({ client: 1, delivered: [0, 1, 2, 3, 4, 5, 7] }),
        ],
      },
    ];
    const whole = evidence(call, parts, {
      clients: [client(0), client(1, { site: 1 })],
      servers: [server(0), server(1, { site: 1 })],
    });
    const { outcome } = conclude(without(without(whole, 'server.lyon'), 'client.lyon')).result;
    // 5 to 9 may have reached server.lyon; 3 and 4 did, for they were answered.
    expect(outcome).toMatchObject({ due: 10, lost: 0, unknown: 5 + 8, delivered: 10 });
    expect(outcome.expectedDeliveries).toBe(10 + 7);
    expect(conclude(without(whole, 'client.lyon')).result.outcome).toMatchObject({ lost: 5 });
  });

  it('gives a result for a run that never began', () => {
    const failure = { code: 'BUS_DOWN', message: 'gone', hint: 'look' };
    const { result, intervals } = conclude(evidence(call, [], { measuredMs: 0, failure }));
    expect(result.outcome).toMatchObject({ due: 0, completed: 0, failedTotal: 0 });
    expect(result.latencyUs).toMatchObject({ accepted: null, hold: null, requestLeg: null });
    expect(result.workload).toMatchObject({ achievedPerSecond: 0, offeredPerSecond: 100 });
    expect(result.verdict).toMatchObject({ status: 'failed', failure });
    expect(intervals).toEqual([]);
  });

  it('does not mind the order of the parts', () => {
    const parts = [
      ...range(4).map((c) => ({
        type: 'clientLedger' as const,
        entries: [clientLedger({ client: c, due: 20, replied: range(20), completed: 20 })],
      })),
      ...range(4).map((c) => ({
        type: 'serverLedger' as const,
        entries: [serverLedger({ client: c, delivered: range(12, c) })],
      })),
      ...range(4).map((c) => ({
        type: 'serverLedger' as const,
        entries: [serverLedger({ client: c, delivered: range(12, 8 - c), local: 2 })],
      })),
      ...range(4).map((c) => histogram('response', range(20, 1000 * c), 0, c % 2)),
      ...range(4).map((c) => histogram('transit', range(20, 100 * c), 0, c % 2)),
      ...range(3).map((s) => interval(s, { due: 20, done: 20 }, range(20, 10 * s))),
      ...range(3).map((s) => interval(s, { due: 1, failed: 1 }, [])),
      {
        type: 'peers' as const,
        rows: range(4).map((index) => row({ role: 'client', index, local: index })),
      },
      collected('client.paris', { startLatenessUs: 10 }),
      collected('client.lyon', { startLatenessUs: 25 }),
    ];
    const more = { clients: range(4).map((i) => client(i)) };
    const expected = conclude(evidence(call, parts, more));
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (shuffled) => {
        expect(conclude(evidence(call, shuffled, more))).toEqual(expected);
      }),
      { seed: 5, numRuns: 25 },
    );
    expect(expected.result.workload.startSkewUs).toBe(15);
  });

  it('counts random losses and duplicates exactly', () => {
    const fate = fc.record({
      sent: fc.boolean(),
      refused: fc.boolean(),
      deliveredBy: fc.subarray([0, 1, 2]),
      copies: fc.nat(2),
      replied: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fate, { maxLength: 120 }), (fates) => {
        const where = (test: (f: (typeof fates)[number]) => boolean) =>
          fates.flatMap((f, s) => (test(f) ? [s] : []));
        const isSent = (f: (typeof fates)[number]) => f.sent;
        const isServed = (f: (typeof fates)[number]) => f.sent && f.deliveredBy.length > 0;
        const isDone = (f: (typeof fates)[number]) => isServed(f) && f.replied && !f.refused;
        const done = where(isDone).length;
        const failed: Record<string, number> = {};
        for (const f of fates) {
          if (isDone(f)) continue;
          const why = !f.sent ? 'unsent' : f.refused ? 'nacked' : 'timeout';
          failed[why] = (failed[why] ?? 0) + 1;
        }
        const { result } = conclude(
          evidence(call, [
            {
              type: 'clientLedger',
              entries: [
                clientLedger({
                  client: 0,
                  due: fates.length,
                  sent: where(isSent),
                  refused: where((f) => f.sent && f.refused),
                  replied: where((f) => isServed(f) && f.replied),
                  completed: done,
                  failed,
                }),
              ],
            },
            {
              type: 'serverLedger',
              entries: [0, 1, 2].map((p) =>
                serverLedger({
                  client: 0,
                  delivered: where((f) => f.sent && f.deliveredBy.includes(p)),
                  duplicated: fates.reduce(
                    (n, f) => n + (f.sent && f.deliveredBy.includes(p) ? f.copies : 0),
                    0,
                  ),
                }),
              ),
            },
            histogram('response', range(done, 1)),
          ]),
        );
        const deliveries = fates.reduce(
          (n, f) => n + (f.sent ? f.deliveredBy.length * (1 + f.copies) : 0),
          0,
        );
        const { outcome } = result;
        expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
        expect(outcome.delivered).toBe(where(isServed).length);
        expect(outcome.duplicated).toBe(deliveries - outcome.delivered);
        expect(outcome.lost).toBe(where((f) => f.sent && !f.refused && !isServed(f)).length);
        expect(outcome.delivered + outcome.lost).toBe(outcome.expectedDeliveries);
        expect(outcome.lostReplies).toBe(where((f) => isServed(f) && !f.replied).length);
        expect(result.verdict.warnings.some(({ code }) => code.endsWith('UNBALANCED'))).toBe(false);
      }),
      { seed: 9, numRuns: 60 },
    );
  });
});
