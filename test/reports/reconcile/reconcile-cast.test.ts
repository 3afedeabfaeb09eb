import { describe, expect, it } from 'vitest';
import type { Part } from '../../../agents/protocol.ts';
import { conclude } from '../../../reports/conclude.ts';
import {
  bits,
  clientLedger,
  clocks,
  collected,
  evidence,
  histogram,
  interval,
  range,
  scenario,
  server,
  serverLedger,
  without,
} from './synthetic.ts';

describe('reconcile, cast', () => {
  const cast = scenario({ pattern: 'cast' });

  it('takes completion, lateness and loss from the servers', () => {
    // 50 due, 48 sent, 2 of them nacked; 3 late, 4 lost, one of the nacked ones delivered all the same.
    const delivered = range(45, 5);
    const { result, intervals } = conclude(
      evidence(cast, [
        {
          type: 'clientLedger',
          entries: [
            clientLedger({
              client: 0,
              due: 50,
              sent: range(48, 2),
              refused: [4, 5],
              failed: { unsent: 2, nacked: 2 },
              completed: 46,
            }),
          ],
        },
        {
          type: 'serverLedger',
          entries: [serverLedger({ client: 0, delivered, inTime: range(42, 8), local: 45 })],
        },
        histogram('response', range(42, 100)),
        interval(0, { due: 50 }),
        interval(0, { done: 42 }, range(42, 100)),
      ]),
    );
    // Sent, not refused: 2, 3 and 6 .. 49. Nobody got 2 and 3; 6 and 7 came late, and so did 5, which the bus
    // had refused: it counts as expected, so that delivered + lost = expected.
    expect(result.outcome).toMatchObject({
      due: 50,
      sent: 48,
      completed: 42,
      failed: { lost: 2, nacked: 2, timeout: 2, unsent: 2 },
      late: 2,
      lost: 2,
      delivered: 45,
      expectedDeliveries: 47,
    });
    expect(result.outcome.due).toBe(result.outcome.completed + result.outcome.failedTotal);
    expect(result.latencyUs.response).toMatchObject({ count: 42, failed: 8 });
    expect(result.locality).toMatchObject({
      localRatio: 1,
      excess: [{ site: 'paris', p50Us: null, p99Us: null }],
    });
    expect(intervals[0]).toMatchObject({ second: 0, site: 'paris', due: 50, done: 42, failed: 8 });
  });

  it('takes the first of two deliveries for the time', () => {
    const ledgers: Part = {
      type: 'serverLedger',
      entries: [
        serverLedger({ client: 0, delivered: [0, 1], inTime: [] }),
        serverLedger({ client: 0, delivered: [0], inTime: [0] }),
      ],
    };
    const { outcome } = conclude(
      evidence(cast, [
        { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 2 })] },
        ledgers,
      ]),
    ).result;
    expect(outcome).toMatchObject({ completed: 1, late: 1, duplicated: 1, failed: { timeout: 1 } });
  });

  it('fails as unknown what a dead server may have got', () => {
    const parts: Part[] = [
      { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 10 })] },
      { type: 'serverLedger', entries: [serverLedger({ client: 0, delivered: range(6) })] },
    ];
    const whole = evidence(cast, parts, { servers: [server(0), server(1, { site: 1 })] });
    const { outcome } = conclude(without(whole, 'server.lyon')).result;
    expect(outcome).toMatchObject({ completed: 6, lost: 0, unknown: 4, failed: { unknown: 4 } });
    expect(conclude(whole).result.outcome).toMatchObject({
      lost: 4,
      unknown: 0,
      failed: { lost: 4 },
    });
  });

  it('says why, of every class as often as it failed: clients, ledger and what nobody could tell', () => {
    const ledger = clientLedger({
      client: 0,
      due: 20,
      sent: range(18),
      refused: [16, 17],
      failed: { refused: 2, unsent: 2 },
      troubles: [{ reason: '320 CONNECTION_FORCED', sequences: bits([0, 11, 12]) }],
    });
    const served = serverLedger({ client: 0, delivered: range(11), inTime: range(10) });
    const told = { refused: { '406 too large': 2 }, unsent: { '403 no': 1 } };
    const { outcome } = conclude(
      evidence(cast, [
        { type: 'clientLedger', entries: [ledger] },
        { type: 'serverLedger', entries: [served] },
        collected('client.paris', { reasons: told }),
      ]),
    ).result;
    expect(outcome).toMatchObject({ due: 20, completed: 10, failedTotal: 10, sent: 18, lost: 5 });
    expect(outcome.reasons).toEqual({
      lost: { 'delivered nowhere, and the bus said nothing': 3, '320 CONNECTION_FORCED': 2 },
      refused: { '406 too large': 2 },
      timeout: { 'delivered after its deadline': 1 },
      unsent: { '403 no': 1, other: 1 },
    });
    const sums = Object.entries(outcome.reasons).map(([name, ofClass]) => {
      return [name, Object.values(ofClass).reduce((sum, count) => sum + count, 0)];
    });
    expect(Object.fromEntries(sums)).toEqual(outcome.failed);
  });

  it('keeps the 20 most frequent reasons of a class, over all processes', () => {
    const part = (from: number) =>
      collected(`client.${from}`, {
        reasons: { refused: Object.fromEntries(range(15, from).map((i) => [`no ${i}`, 1 + i])) },
      });
    const ledger = clientLedger({ client: 0, due: 390, sent: [], failed: { refused: 390 } });
    const { outcome } = conclude(
      evidence(cast, [{ type: 'clientLedger', entries: [ledger] }, part(0), part(10)]),
    ).result;
    const { refused = {} } = outcome.reasons;
    expect(Object.entries(refused)[0]).toEqual(['no 14', 30]);
    expect(Object.keys(refused)).toHaveLength(21);
    expect(Object.values(refused).reduce((sum, count) => sum + count, 0)).toBe(390);
  });

  it('warns of one-way times that clocks cannot tell', () => {
    const parts: Part[] = [
      { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 40 })] },
      { type: 'serverLedger', entries: [serverLedger({ client: 0, delivered: range(40) })] },
      histogram('response', [...range(39, 1000), -5]),
      histogram('requestLeg', [...range(39, 1000), -5]),
    ];
    const whole = evidence(cast, parts, {
      clocks: clocks({ 'server.paris': { spreadUs: 120, boundUs: 900 } }),
      // Process 2 is server.paris: who receives what has no way back times it.
      parts: parts.map((part) => ({ process: 2, part })),
    });
    const { result } = conclude(whole);
    const codes = result.verdict.warnings.map(({ code }) => code);
    expect(codes).toContain('CLOCK_UNCERTAIN');
    expect(codes).toContain('NEGATIVE_SAMPLES');
    expect(codes).not.toContain('SAMPLES_UNBALANCED');
    expect(result.latencyUs).toMatchObject({
      clockUncertaintyUs: 120,
      clockBoundUs: 900,
      requestLeg: null,
    });
    expect(result.latencyUs.response).toMatchObject({ count: 39, min: null, p50: 1018 });
  });
});
