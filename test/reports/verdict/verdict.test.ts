import { describe, expect, it } from 'vitest';
import type { Part } from '../../../agents/protocol.ts';
import { conclude } from '../../../reports/conclude.ts';
import type { Evidence } from '../../../reports/evidence.ts';
import { exitCode } from '../../../reports/verdict/verdict.ts';
import type { Observation } from '../../../reports/warnings/observed.ts';
import {
  clientLedger,
  collected,
  evidence,
  histogram,
  range,
  rtt,
  scenario,
} from '../reconcile/synthetic.ts';

const due = 1000;

/** A thousand calls of 5 ms; whatever is added may be wrong with them. */
function verdictOf(
  parts: readonly Part[] = [],
  more: Partial<Evidence> = {},
  expect: string[] = [],
) {
  const entries = [clientLedger({ client: 0, due, replied: range(due), completed: due })];
  const whole = [
    { type: 'clientLedger' as const, entries },
    histogram(
      'response',
      range(due).map(() => 5000),
    ),
    collected('client.paris', { doneInWindow: due }),
    ...parts,
  ];
  return conclude(evidence(scenario({}, { expect }), whole, more)).result.verdict;
}

function warning(code: string, parts: readonly Part[] = [], more: Partial<Evidence> = {}) {
  return verdictOf(parts, more).warnings.find((w) => w.code === code);
}

const delayed = (delayUs: number, share = 1) =>
  histogram(
    'agentDelay',
    range(due).map((i) => (i < share * due ? delayUs : 10)),
  );

describe('verdict', () => {
  it('is ok, with nothing to say, when nothing is wrong', () => {
    expect(verdictOf()).toEqual({
      status: 'ok',
      warnings: [],
      expectations: [
        { expression: 'outcome.completed > 0', implied: true, actual: due, met: true },
        { expression: 'outcome.duplicated == 0', implied: true, actual: 0, met: true },
      ],
      failure: null,
    });
  });

  it('takes interrupted before failed before invalid before expectation-missed', () => {
    const missed = ['outcome.due == 1'];
    const wrong: Observation = {
      code: 'RELAY_LATE',
      message: '',
      value: 1,
      limit: 0,
      invalidates: true,
    };
    const failure = { code: 'AGENT_DIED', message: 'client.paris died', hint: 'look' };
    const cases = [
      [{}, [], 'ok', 0],
      [{ warnings: [{ ...wrong, invalidates: false }] }, [], 'ok', 0],
      [{}, missed, 'expectation-missed', 1],
      [{ warnings: [wrong] }, missed, 'invalid', 4],
      [{ warnings: [wrong], failure }, missed, 'failed', 3],
      [{ warnings: [wrong], failure, interrupted: true }, missed, 'interrupted', 130],
    ] as const;
    for (const [more, expectations, status, code] of cases) {
      const verdict = verdictOf([], more, [...expectations]);
      expect(verdict.status).toBe(status);
      expect(exitCode({ verdict })).toBe(code);
    }
    expect(verdictOf([], { failure }).failure).toEqual(failure);
  });

  it('judges expectations of whatever was measured', () => {
    const { expectations } = verdictOf([], {}, ['latency.response.p99 < 5ms', 'outcome.lost == 0']);
    expect(expectations.filter(({ implied }) => !implied)).toEqual([
      { expression: 'latency.response.p99 < 5ms', implied: false, actual: 5003, met: false },
      // Nobody reported deliveries, but what was answered was delivered.
      { expression: 'outcome.lost == 0', implied: false, actual: 0, met: true },
    ]);
  });
});

describe('AGENT_LATE', () => {
  it('warns from 1 ms and a tenth of the response time on', () => {
    expect(warning('AGENT_LATE', [delayed(1000)])).toBeUndefined();
    expect(warning('AGENT_LATE', [delayed(1100, 0.02)])).toMatchObject({
      invalidates: false,
      limit: 1000,
    });
  });

  it('invalidates when the median is late by over 1 ms and a quarter', () => {
    expect(warning('AGENT_LATE', [delayed(1200)])).toMatchObject({ invalidates: false });
    expect(warning('AGENT_LATE', [delayed(1300)])).toMatchObject({ invalidates: true });
    expect(verdictOf([delayed(1300)]).status).toBe('invalid');
  });

  it('invalidates when the tail is late by over 10 ms and a quarter', () => {
    expect(warning('AGENT_LATE', [delayed(9000, 0.02)])).toMatchObject({ invalidates: false });
    expect(warning('AGENT_LATE', [delayed(11_000, 0.02)])).toMatchObject({ invalidates: true });
    // One in a hundred at most: no quantile that is judged.
    expect(warning('AGENT_LATE', [delayed(11_000, 0.01)])).toBeUndefined();
  });

  it('is not excused by the failures that lateness causes', () => {
    // Every call failed unsent: agents were later than the timeout of 5 s, and no response time is known.
    const failed = { unsent: due };
    const entries = [clientLedger({ client: 0, due, sent: [], replied: [], completed: 0, failed })];
    const of = evidence(scenario(), [{ type: 'clientLedger', entries }, delayed(6_000_000)]);
    const { verdict } = conclude(of).result;
    expect(verdict.warnings.find(({ code }) => code === 'AGENT_LATE')).toMatchObject({
      invalidates: true,
    });
    expect(verdict.status).toBe('invalid');
  });

  it('never invalidates when a fault paused the clients', () => {
    const times = { startedAtMs: 1, endedAtMs: 2, mended: true };
    const fault = { entry: 0, action: 'pause', target: 'client.paris', ...times };
    expect(warning('AGENT_LATE', [delayed(11_000)], { faults: [fault] })).toMatchObject({
      invalidates: false,
    });
    const other = { ...fault, target: 'server.paris' };
    expect(warning('AGENT_LATE', [delayed(11_000)], { faults: [other] })).toMatchObject({
      invalidates: true,
    });
  });
});

describe('warnings', () => {
  it('come with code, value and limit', () => {
    const loop = histogram(
      'eventLoopDelay',
      range(2000).map(() => 30_000),
      null,
      null,
    );
    const busy = { cpuUs: 9_200_000, rssMaxBytes: 0, gcUs: 0, sockets: 0 };
    expect(warning('EVENT_LOOP_SLOW', [loop])).toMatchObject({ limit: 20_000 });
    expect(warning('AGENT_SATURATED', [collected('client.lyon', { vitals: busy })])).toMatchObject({
      value: 92,
      limit: 90,
    });
    const moment = [collected('client.lyon', { vitals: busy })];
    expect(warning('AGENT_SATURATED', moment, { measuredMs: 5 })).toBeUndefined();
    const late = [collected('client.lyon', { startLatenessUs: 30_000 })];
    expect(warning('START_SKEW', late)).toMatchObject({ value: 30_000 });
    const rest = { type: 'clientLedger' as const, entries: [clientLedger({ client: 0, due: 0 })] };
    expect(warning('NOTHING_MEASURED', [rest])).toMatchObject({ invalidates: true });
  });

  it('tell of a network out of tolerance, and distrust one that is plainly another', () => {
    const wan = (medianMs: number) => {
      const samples = [rtt('paris', 'lyon', medianMs)];
      return { wan: { ...evidence(scenario(), []).wan, before: samples, after: samples } };
    };
    expect(warning('WAN_OUT_OF_TOLERANCE', [], wan(20.5))).toBeUndefined();
    expect(warning('WAN_OUT_OF_TOLERANCE', [], wan(22))).toMatchObject({
      value: 2,
      limit: 1,
      invalidates: false,
    });
    expect(warning('WAN_OUT_OF_TOLERANCE', [], wan(30))).toMatchObject({ invalidates: true });
    const samples = [rtt('paris', 'lyon', 22), rtt('lyon', 'paris', 24)];
    const both = { wan: { ...evidence(scenario(), []).wan, before: samples, after: samples } };
    expect(warning('WAN_OUT_OF_TOLERANCE', [], both)?.message).toBe(
      'lyon -> paris: round trip of 24.00 ms measured, 20.00 ms requested',
    );
    const link = { delayMs: 10, jitterMs: 0, lossPercent: 0, rateMbps: null };
    const names = ['paris', 'lyon', 'nice'];
    const links = names.flatMap((from) =>
      names.filter((to) => to !== from).map((to) => ({ from, to, ...link })),
    );
    const three = [...samples, rtt('lyon', 'nice', 26)];
    const many = {
      scenario: scenario({}, { links }),
      wan: { ...both.wan, before: three, after: three },
    };
    expect(warning('WAN_OUT_OF_TOLERANCE', [], many)?.message).toBe(
      '2 pairs of sites, the worst lyon -> nice: round trip of 26.00 ms measured, 20.00 ms requested',
    );
  });

  it('tell of what went missing', () => {
    const entries = [
      clientLedger({
        client: 0,
        due,
        replied: range(900),
        completed: 900,
        failed: { timeout: 100 },
      }),
    ];
    const of = evidence(scenario(), [
      { type: 'clientLedger', entries },
      histogram('response', range(900)),
      collected('client.paris', { doneInWindow: 900 }),
    ]);
    const { warnings } = conclude(of).result.verdict;
    expect(warnings.find(({ code }) => code === 'MANY_FAILED')).toMatchObject({
      value: 10,
      limit: 1,
    });
    expect(warnings.find(({ code }) => code === 'LOST')).toMatchObject({ value: 100 });
    expect(warnings.find(({ code }) => code === 'BELOW_OFFERED')).toMatchObject({ value: 90 });
  });

  it('do not blame the bus for what never became due, or was still under way', () => {
    // 90/s of 100/s offered were due by chance; the mean call takes 1 s of the 10 s measured.
    const entries = [clientLedger({ client: 0, due: 900, replied: range(900), completed: 900 })];
    const half = histogram('response', [...Array(450).fill(1000), ...Array(450).fill(2_000_000)]);
    const of = (doneInWindow: number): string[] =>
      conclude(
        evidence(scenario(), [
          { type: 'clientLedger', entries },
          half,
          collected('client.paris', { doneInWindow }),
        ]),
      ).result.verdict.warnings.map(({ code }) => code);
    expect(of(800)).not.toContain('BELOW_OFFERED');
    expect(of(700)).toContain('BELOW_OFFERED');
  });

  it('tell of messages left in the bus', () => {
    const node = {
      name: 'bus-1',
      site: 'paris',
      version: '3',
      counters: { messagesReady: 2, messagesUnacknowledged: 1, connections: 9 },
    };
    const bus = { type: 'rabbitmq', readyMs: 1, nodes: [node], details: {} };
    expect(warning('BUS_NOT_EMPTY', [], { bus })).toMatchObject({ value: 3, invalidates: false });
  });
});
