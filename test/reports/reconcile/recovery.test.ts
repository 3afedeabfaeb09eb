import { describe, expect, it } from 'vitest';
import { encodeBytes } from '../../../agents/bitmap.ts';
import type { IntervalPart, Part } from '../../../agents/protocol.ts';
import { conclude } from '../../../reports/conclude.ts';
import type { Evidence } from '../../../reports/evidence.ts';
import type { FaultReport, RunResult } from '../../../reports/result.ts';
import {
  bits,
  clientLedger,
  evidence,
  hdr,
  interval,
  range,
  scenario,
  server,
  serverLedger,
  slots,
  without,
} from './synthetic.ts';

const fault = {
  entry: 0,
  action: 'partition',
  target: 'paris - lyon',
  startedAtMs: 6000,
  endedAtMs: 8000,
  mended: true,
};

/** 20 s at 100/s: p99 100 µs, but for the seconds that say otherwise. */
function faultsWith(
  odd: Readonly<Record<number, IntervalPart>>,
  faults: Evidence['faults'] = [fault],
  failed: Readonly<Record<string, number>> = { timeout: 1 },
): FaultReport[] {
  const good = (second: number) => interval(second, { due: 100, done: 100 }, range(100, 1));
  const entries = [clientLedger({ client: 0, due: 1, failed })];
  const parts = range(20).map((second) => odd[second] ?? good(second));
  const of = evidence(scenario(), [{ type: 'clientLedger', entries }, ...parts], {
    faults,
    measuredMs: 20_000,
  });
  return conclude(of).result.faults;
}

const down = (second: number, more: Partial<IntervalPart> = {}) =>
  interval(second, { due: 100, done: 20, failed: 80 }, range(20, 1), more);
const slow = (second: number) => interval(second, { due: 100, done: 100 }, range(100, 400));

describe('faultsOf', () => {
  it('tells recovery while a fault lasts from its start, once something had failed', () => {
    const long = { ...fault, endedAtMs: 16_000 };
    const [routedRound] = faultsWith({ 7: down(7), 8: down(8), 9: slow(9) }, [long]);
    expect(routedRound).toMatchObject({ felt: true, recoveredDuringMs: 4000 });
    const [stayedBad] = faultsWith(Object.fromEntries(range(10).map((i) => [6 + i, down(6 + i)])), [
      long,
    ]);
    expect(stayedBad).toMatchObject({ felt: true, recoveredDuringMs: null });
  });

  it('does not call a fault felt in which nothing failed', () => {
    expect(faultsWith({})[0]).toMatchObject({
      felt: false,
      failedDuring: {},
      firstFailureMs: null,
      recoveredDuringMs: null,
    });
  });

  it('counts recovery from the heal to the first of three good seconds', () => {
    expect(faultsWith({ 6: down(6), 7: down(7), 8: slow(8), 9: slow(9) })).toEqual([
      {
        ...fault,
        failedDuring: { timeout: 160 },
        reasonsDuring: { timeout: { silence: 160 } },
        firstFailureMs: 0,
        firstSuccessAfterMs: 0,
        recoveredMs: 2000,
        felt: true,
        recoveredDuringMs: null,
        lost: 0,
        duplicated: 0,
        reconnect: null,
      },
    ]);
  });

  it('starts the count again at a bad second', () => {
    const [report] = faultsWith({ 6: down(6), 7: down(7), 10: slow(10), 12: down(12) });
    expect(report).toMatchObject({ recoveredMs: 5000 });
  });

  it('takes success of 99 % and p99 of twice the baseline as good, no less and no more', () => {
    const share = (done: number) =>
      interval(8, { due: 100, done, failed: 100 - done }, range(done, 1));
    expect(faultsWith({ 8: share(99) })[0]?.recoveredMs).toBe(0);
    expect(faultsWith({ 8: share(98) })[0]?.recoveredMs).toBe(1000);
    // Of 1 .. 100 the p99 is 99; so it is of the baseline.
    const late = (p99: number) => interval(8, { due: 100, done: 100 }, [...range(98, 1), p99, p99]);
    expect(faultsWith({ 8: late(198) })[0]?.recoveredMs).toBe(0);
    expect(faultsWith({ 8: late(199) })[0]?.recoveredMs).toBe(1000);
  });

  it('does not take an empty second for a good one', () => {
    expect(faultsWith({ 8: interval(8, {}) })[0]?.recoveredMs).toBe(1000);
  });

  it('counts the second of the heal when all of it was good', () => {
    const [report] = faultsWith({}, [{ ...fault, endedAtMs: 8400 }]);
    expect(report?.recoveredMs).toBe(0);
    const [late] = faultsWith({ 8: down(8) }, [{ ...fault, endedAtMs: 8400 }]);
    expect(late?.recoveredMs).toBe(600);
  });

  it('is null when the window ends, another fault starts, or no baseline is known', () => {
    const end = { ...fault, startedAtMs: 16_000, endedAtMs: 17_500 };
    expect(faultsWith({ 17: down(17) }, [end])[0]?.recoveredMs).toBeNull();
    expect(faultsWith({}, [end])[0]?.recoveredMs).toBe(0);
    const next = { ...fault, target: 'other', startedAtMs: 10_900, endedAtMs: 11_000 };
    const two = faultsWith({ 8: down(8) }, [fault, next]);
    expect(two.map(({ recoveredMs }) => recoveredMs)).toEqual([null, 0]);
    const early = { ...fault, startedAtMs: 4900, endedAtMs: 5000 };
    expect(faultsWith({}, [early])[0]?.recoveredMs).toBeNull();
    expect(faultsWith({ 2: down(2) })[0]?.recoveredMs).toBeNull();
  });

  it('splits failures by class, and pools what only servers can tell', () => {
    const reasons = { timeout: { silence: 50 }, unroutable: { NO_ROUTE: 10 } };
    const odd = { 6: down(6, { reasons }), 7: down(7, { reasons }) };
    const during = (failed: Readonly<Record<string, number>>) =>
      faultsWith(odd, [fault], failed)[0]?.failedDuring;
    const known = { timeout: 100, unroutable: 20 };
    expect(during({ timeout: 1, lost: 1 })).toEqual({ ...known, lost: 40 });
    expect(during({ lost: 1, partial: 1 })).toEqual({ ...known, unclassified: 40 });
  });

  it('knows the failures of one-way messages to the second only', () => {
    const good = (second: number) => interval(second, { due: 100, done: 100 }, range(100, 1));
    const parts = range(20).map((s) => (s === 7 ? interval(7, { due: 100, done: 60 }) : good(s)));
    const of = evidence(scenario({ pattern: 'cast' }), parts, {
      faults: [fault],
      measuredMs: 20_000,
    });
    expect(conclude(of).result.faults[0]).toMatchObject({ firstFailureMs: 1000 });
  });

  it('blames no fault for what only a dead server knew', () => {
    // 100 a second; the server of lyon died at the end of second 9 and had told of the seconds before 7.
    const lyon = range(1000).filter((sequence) => sequence % 2 === 1);
    const delivered = range(2000).filter((sequence) => !lyon.includes(sequence));
    const dueBySecond = encodeBytes(
      new Uint8Array(Uint32Array.from(range(20).map(() => 100)).buffer),
    );
    const sent = clientLedger({ client: 0, due: 2000, dueBySecond });
    const parts: Part[] = [
      { type: 'clientLedger', entries: [sent] },
      { type: 'serverLedger', entries: [serverLedger({ client: 0, delivered })] },
      ...range(20).map((s) => {
        const done = s >= 7 && s < 10 ? 50 : 100;
        return interval(s, { due: 100, done }, range(done, 1));
      }),
    ];
    const whole = evidence(scenario({ pattern: 'cast' }), parts, {
      servers: [server(0), server(1, { site: 1 })],
      faults: [fault],
      measuredMs: 20_000,
    });
    const { outcome, faults } = conclude(without(whole, 'server.lyon')).result;
    expect(outcome.failed).toEqual({ unknown: 500 });
    expect(faults[0]).toMatchObject({ failedDuring: {}, firstFailureMs: null, lost: 0 });
    expect(conclude(whole).result.faults[0]).toMatchObject({ failedDuring: { lost: 50 } });
  });

  it('knows first failure and first success to 10 ms', () => {
    const odd = {
      6: down(6, { failedSlots: slots([3, 40]), doneSlots: slots([0]) }),
      7: down(7, { failedSlots: slots([0]), doneSlots: slots([99]) }),
      8: down(8, { failedSlots: slots([0]), doneSlots: slots([2, 31, 70]) }),
    };
    const at = { ...fault, startedAtMs: 6035, endedAtMs: 8205 };
    expect(faultsWith(odd, [at])[0]).toMatchObject({ firstFailureMs: 0, firstSuccessAfterMs: 105 });
    const later = { ...fault, startedAtMs: 6100, endedAtMs: 8015 };
    expect(faultsWith(odd, [later])[0]).toMatchObject({
      firstFailureMs: 300,
      firstSuccessAfterMs: 5,
    });
  });

  it('is null for what never happened', () => {
    const dead = Object.fromEntries(
      range(14, 6).map((s) => [s, interval(s, { due: 9, failed: 9 })]),
    );
    expect(faultsWith(dead)[0]).toMatchObject({ firstSuccessAfterMs: null, recoveredMs: null });
    expect(faultsWith({})[0]).toMatchObject({ firstFailureMs: null, failedDuring: {} });
  });

  it('lets what is never mended last to the end, and counts recovery from its start', () => {
    const dead = { ...fault, endedAtMs: 20_000, mended: false };
    const [report] = faultsWith({ 6: down(6), 7: down(7), 12: down(12) }, [dead]);
    expect(report).toMatchObject({
      failedDuring: { timeout: 240 },
      firstSuccessAfterMs: null,
      recoveredMs: 2000,
    });
  });

  it('does not blame a fault for failures after all was well', () => {
    const [report] = faultsWith({ 15: down(15) });
    expect(report).toMatchObject({ recoveredMs: 0, firstFailureMs: null });
  });
});

describe('what a fault cost', () => {
  /** 100 a second from one client; sequences, so, are hundredths of seconds. */
  function resultOf(
    more: { readonly lost?: readonly number[]; readonly twice?: readonly number[] },
    faults: Evidence['faults'],
    odd: Readonly<Record<number, IntervalPart>> = {},
  ): RunResult {
    const { lost = [], twice = [] } = more;
    const due = 2000;
    const delivered = range(due).filter((sequence) => !lost.includes(sequence));
    const dueBySecond = encodeBytes(
      new Uint8Array(Uint32Array.from(range(20).map(() => 100)).buffer),
    );
    const sent = clientLedger({ client: 0, due, completed: due - lost.length, dueBySecond });
    const had = serverLedger({ client: 0, delivered, repeated: bits(twice) });
    const parts = range(20).map(
      (s) => odd[s] ?? interval(s, { due: 100, done: 100 }, range(100, 1)),
    );
    const all: Part[] = [
      { type: 'clientLedger', entries: [sent] },
      { type: 'serverLedger', entries: [had] },
    ];
    const of = scenario({}, { faults: [each, once] });
    const more2 = { faults, measuredMs: 20_000 };
    return conclude(evidence(of, [...all, ...parts], more2)).result;
  }
  const start = { kind: 'at', ms: 0 } as const;
  const common = { start, forMs: 1000, optional: false, link: null } as const;
  const each = {
    ...common,
    action: 'restart',
    target: { kind: 'each', of: 'bus-node', waitMs: 0 },
  } as const;
  const once = { ...common, action: 'kill', target: { kind: 'node', name: 'bus-1' } } as const;
  const node = (n: number, startedAtMs: number, endedAtMs: number) => {
    const target = `bus-${n}`;
    return { entry: 0, action: 'restart', target, startedAtMs, endedAtMs, mended: true };
  };

  it('is told by the second that a lost or doubled message was due in', () => {
    const { faults } = resultOf({ lost: [599, 600, 799, 800], twice: [650, 1200] }, [fault]);
    expect(faults[0]).toMatchObject({ lost: 2, duplicated: 1 });
  });

  it('joins what one entry of the scenario broke', () => {
    const kill = { ...node(1, 13_000, 13_500), entry: 1, action: 'kill' };
    const result = resultOf(
      { lost: [600, 1050, 1250, 1310] },
      [node(1, 6000, 7000), node(2, 8000, 11_000), kill],
      { 6: down(6), 12: down(12), 13: down(13) },
    );
    expect(result.faultGroups).toMatchObject([
      {
        entry: 0,
        action: 'restart',
        target: 'each bus-node',
        count: 2,
        startedAtMs: 6000,
        endedAtMs: 11_000,
        failed: { timeout: 160 },
        lost: 3,
        mending: { count: 2, p50Ms: 1000, maxMs: 3000 },
        recovery: null,
      },
      { entry: 1, target: 'bus-1', count: 1, failed: { timeout: 80 }, lost: 1 },
    ]);
    // The first failure after the second one came after its end, in second 12.
    expect(result.faults.map(({ lost }) => lost)).toEqual([1, 2, 1]);
  });

  it('ends once all was well', () => {
    const [group] = resultOf({ lost: [700, 950] }, [node(1, 6000, 7500)]).faultGroups;
    expect(group).toMatchObject({ lost: 1, recovery: { count: 1, maxMs: 0 } });
  });

  it('times the connections that were lost meanwhile', () => {
    const away = interval(6, { due: 100, done: 100 }, range(100, 1), {
      reconnect: hdr([100_000, 200_000, 400_000]),
    });
    const { faults, faultGroups } = resultOf({}, [fault], { 6: away });
    const { count, p50Ms = 0, maxMs = 0 } = faults[0]?.reconnect ?? {};
    expect(count).toBe(3);
    expect(p50Ms).toBeCloseTo(200, 0);
    expect(maxMs).toBeCloseTo(400, 0);
    expect(faultGroups[0]?.reconnect).toEqual(faults[0]?.reconnect);
  });
});
