import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Part } from '../../../agents/protocol.ts';
import { conclude } from '../../../reports/conclude.ts';
import {
  arrivals,
  clientLedger,
  evidence,
  interval,
  range,
  scenario,
  server,
  serverLedger,
  without,
} from './synthetic.ts';

describe('reconcile, fanout', () => {
  const fanout = scenario({ pattern: 'fanout', timeoutMs: 1000 });
  const receivers = [server(0, { subscriber: 0 }), server(1, { site: 1, subscriber: 1 })];
  const ms = 1000;

  it('completes with the last arrival and counts coverage', () => {
    // Two receivers, of which one more joined at 5. 0, 1: complete; 2: late; 3: partial; 4: lost; 5: 2 of 3; 6: unsent.
    const { result, intervals, histograms } = conclude(
      evidence(
        fanout,
        [
          {
            type: 'clientLedger',
            entries: [
              clientLedger({
                client: 0,
                due: 7,
                sent: range(6),
                failed: { unsent: 1 },
                receivers: [
                  [0, 2],
                  [5, 3],
                ],
              }),
            ],
          },
          {
            type: 'serverLedger',
            entries: [
              serverLedger({ client: 0, subscriber: 0, delivered: [0, 1, 2, 3, 5] }),
              serverLedger({
                client: 0,
                subscriber: 1,
                delivered: [0, 1, 2, 5],
                inTime: [0, 1, 5],
              }),
            ],
          },
          arrivals(0, [
            [0, 0, 10, 30 * ms, 30 * ms, 1],
            [1, 1000 * ms, 20, 31 * ms, 31 * ms, 1],
            [2, 1500 * ms, 10, 30 * ms, 30 * ms, 1],
            [3, 2000 * ms, 10, 33 * ms, 33 * ms, 1],
            [5, 9995 * ms, 10, 30 * ms, 30 * ms, 1],
          ]),
          arrivals(0, [
            [0, 0, 10, 50 * ms, 50 * ms, 1],
            [1, 1000 * ms, 20, 11 * ms, 11 * ms, 1],
            [2, 1500 * ms, 10, 1200 * ms, 1200 * ms, 1],
            [5, 9995 * ms, 10, 40 * ms, 40 * ms, 1],
          ]),
          ...[0, 1, 2].map((second) => interval(second, { due: 2 })),
          interval(9, { due: 1 }),
        ],
        { servers: receivers },
      ),
    );
    expect(result.outcome).toMatchObject({
      due: 7,
      sent: 6,
      completed: 2,
      failed: { lost: 1, partial: 2, timeout: 1, unsent: 1 },
      late: 1,
      delivered: 9,
      expectedDeliveries: 5 * 2 + 3,
      lost: 1 + 2 + 1,
      duplicated: 0,
    });
    expect(result.fanout).toEqual({
      coverageMin: 0,
      coverageMean: (1 + 1 + 1 + 0.5 + 0 + 2 / 3) / 6,
    });
    const { response, service, fanoutFirst, fanoutLast } = result.latencyUs;
    expect(response).toMatchObject({
      count: 2,
      failed: 5,
      min: expect.closeTo(31_000, -2),
      max: null,
    });
    expect(service).toMatchObject({ count: 2, failed: 4 });
    expect(fanoutFirst).toMatchObject({ count: 5, failed: 2, min: expect.closeTo(11_000, -2) });
    expect(fanoutLast).toMatchObject({ count: 5, failed: 2, min: expect.closeTo(31_000, -2) });
    expect(intervals.slice(0, 2)).toMatchObject([
      { second: 0, due: 2, done: 1, failed: 1 },
      { second: 1, due: 2, done: 1, failed: 1 },
    ]);
    expect(result.workload.achievedPerSecond).toBeCloseTo(0.2, 9);
    expect(result.locality).toMatchObject({
      localRatio: null,
      expectedBlind: null,
      detoured: null,
    });
    expect(histograms.map(({ tag }) => tag)).toEqual([
      'response.paris',
      'service.paris',
      'response.paris',
      'service.paris',
      'fanoutFirst.paris',
      'fanoutLast.paris',
    ]);
    expect(result.verdict.warnings.map(({ code }) => code)).not.toContain('LEDGER_UNBALANCED');
  });

  it('does not blame the bus for copies that only a dead receiver could count', () => {
    const parts: Part[] = [
      { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 4, receivers: [[0, 3]] })] },
      {
        type: 'serverLedger',
        entries: [
          serverLedger({ client: 0, subscriber: 0, delivered: [0, 1, 2] }),
          serverLedger({ client: 0, subscriber: 2, delivered: [0, 1] }),
        ],
      },
    ];
    const whole = evidence(fanout, parts, {
      servers: [...receivers, server(2, { subscriber: 2 })],
    });
    const { outcome, fanout: coverage } = conclude(without(whole, 'server.lyon')).result;
    // 0 and 1 may have reached the dead one; 2 missed one for sure, 3 two.
    expect(outcome).toMatchObject({
      unknown: 2,
      lost: 1 + 2,
      failed: { lost: 1, partial: 1, unknown: 2 },
    });
    expect(coverage).toEqual({ coverageMin: 0, coverageMean: (1 + 1 + 1 / 2 + 0) / 4 });
    expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
  });

  it('knows no receivers at all', () => {
    const { outcome } = conclude(
      evidence(fanout, [
        {
          type: 'clientLedger',
          entries: [clientLedger({ client: 0, due: 2, receivers: [[0, 0]] })],
        },
      ]),
    ).result;
    expect(outcome).toMatchObject({
      failed: { 'no-receivers': 2 },
      lost: 0,
      expectedDeliveries: 0,
    });
  });

  it('counts the deliveries of pools, whichever process a member is in', () => {
    const notify = scenario({ pattern: 'notify', pools: 2 });
    const { outcome } = conclude(
      evidence(notify, [
        {
          type: 'clientLedger',
          entries: [clientLedger({ client: 0, due: 3, receivers: [[0, 2]] })],
        },
        {
          type: 'serverLedger',
          entries: [
            serverLedger({ client: 0, subscriber: 0, delivered: [0, 2] }),
            serverLedger({ client: 0, subscriber: 0, delivered: [1, 2] }),
            serverLedger({ client: 0, subscriber: 1, delivered: [0, 1, 2] }),
          ],
        },
        arrivals(
          0,
          range(3).map((s) => [s, s, 1, 2, 3, 2] as const),
        ),
      ]),
    ).result;
    expect(outcome).toMatchObject({
      completed: 3,
      duplicated: 1,
      delivered: 6,
      expectedDeliveries: 6,
    });
  });

  it('concludes nothing from books that are torn', () => {
    const whole = arrivals(0, [[0, 0, 1, 2, 3, 1]]);
    const book = clientLedger({ client: 0, due: 1, receivers: [[0, 1]] });
    const concluded = (entry: typeof book, rows: typeof whole) => () =>
      conclude(evidence(fanout, [{ type: 'clientLedger', entries: [entry] }, rows]));
    expect(concluded(book, whole)).not.toThrow();
    expect(concluded({ ...book, receivers: [] }, whole)).toThrow('no item 0 in a list of 0');
    expect(concluded(book, { ...whole, lastUs: '' })).toThrow('no item 0 in a list of 0');
  });

  it('keeps its identities under random loss', () => {
    const copies = fc.array(fc.subarray([0, 1, 2]), { maxLength: 60 });
    fc.assert(
      fc.property(copies, fc.nat(3), (got, ready) => {
        const parts: Part[] = [
          {
            type: 'clientLedger',
            entries: [clientLedger({ client: 0, due: got.length, receivers: [[0, ready]] })],
          },
          {
            type: 'serverLedger',
            entries: [0, 1, 2].map((subscriber) =>
              serverLedger({
                client: 0,
                subscriber,
                delivered: got.flatMap((who, s) => (who.includes(subscriber) ? [s] : [])),
              }),
            ),
          },
          arrivals(
            0,
            got.flatMap((who, s) => (who.length > 0 ? [[s, s, 1, 2, 3, who.length] as const] : [])),
          ),
        ];
        const { outcome, fanout: coverage } = conclude(evidence(fanout, parts)).result;
        const missing = got.map((who) => Math.max(0, ready - who.length));
        expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
        expect(outcome.delivered).toBe(got.reduce((n, who) => n + who.length, 0));
        expect(outcome.lost).toBe(missing.reduce((a, b) => a + b, 0));
        expect(outcome.completed).toBe(got.filter((w) => w.length >= ready && w.length > 0).length);
        expect(coverage === null).toBe(ready === 0 || got.length === 0);
      }),
      { seed: 13, numRuns: 60 },
    );
  });
});
