import { describe, expect, it } from 'vitest';
import type { IntervalPart } from '../../agents/protocol.ts';
import type { Evidence } from '../../reports/evidence.ts';
import { reconcile } from '../../reports/reconcile.ts';
import type { FaultReport } from '../../reports/result.ts';
import { clientLedger, evidence, interval, range, scenario, slots } from './synthetic.ts';

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
  return reconcile(of).result.faults;
}

const down = (second: number, more: Partial<IntervalPart> = {}) =>
  interval(second, { due: 100, done: 20, failed: 80 }, range(20, 1), more);
const slow = (second: number) => interval(second, { due: 100, done: 100 }, range(100, 400));

describe('faultsOf', () => {
  it('counts recovery from the heal to the first of three good seconds', () => {
    expect(faultsWith({ 6: down(6), 7: down(7), 8: slow(8), 9: slow(9) })).toEqual([
      {
        ...fault,
        failedDuring: { timeout: 160 },
        firstFailureMs: 0,
        firstSuccessAfterMs: 0,
        recoveredMs: 2000,
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
    const failedBy = { timeout: 50, unroutable: 10 };
    const odd = { 6: down(6, { failedBy }), 7: down(7, { failedBy }) };
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
    expect(reconcile(of).result.faults[0]).toMatchObject({ firstFailureMs: 1000 });
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
});
