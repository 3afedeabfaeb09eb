import { describe, expect, it } from 'vitest';
import { conclude } from '../../../reports/conclude.ts';
import type { RunResult } from '../../../reports/result.ts';
import { evaluate, parseExpectation } from '../../../reports/verdict/thresholds.ts';
import {
  clientLedger,
  collected,
  evidence,
  histogram,
  range,
  scenario,
} from '../reconcile/synthetic.ts';

const entries = [
  clientLedger({
    client: 0,
    due: 1010,
    replied: range(1000),
    completed: 1000,
    failed: { timeout: 10 },
  }),
];
const { result } = conclude(
  evidence(scenario(), [
    { type: 'clientLedger', entries },
    histogram('response', range(1000, 1)),
    histogram('agentDelay', [3, 4]),
    collected('client.paris', { doneInWindow: 1000 }),
  ]),
);

function held(text: string, of: RunResult = result) {
  const parsed = parseExpectation(text);
  if (parsed.kind === 'mistake') throw new Error(parsed.message);
  const { actual, met } = evaluate(parsed.expectation, of);
  return [actual, met];
}

function mistake(text: string): string {
  const parsed = parseExpectation(text);
  return parsed.kind === 'mistake' ? parsed.message : `accepted as ${JSON.stringify(parsed)}`;
}

describe('expectations', () => {
  it('compare with every operator', () => {
    expect(held('outcome.due < 1011')).toEqual([1010, true]);
    expect(held('outcome.due < 1010')).toEqual([1010, false]);
    expect(held('outcome.due <= 1010')).toEqual([1010, true]);
    expect(held('outcome.due > 1009')).toEqual([1010, true]);
    expect(held('outcome.due >= 1011')).toEqual([1010, false]);
    expect(held('outcome.due == 1010')).toEqual([1010, true]);
    expect(held('outcome.due != 1010')).toEqual([1010, false]);
    expect(held('  outcome.due==1010 ')).toEqual([1010, true]);
  });

  it('take names with or without their unit, and literals in any unit that fits', () => {
    expect(held('latencyUs.response.p90 < 1')).toEqual([909, false]);
    expect(held('latency.response.p90 < 0.91ms')).toEqual([909, true]);
    expect(held('latency.response.p90 < 909us')).toEqual([909, false]);
    expect(held('latency.clockUncertainty <= 1s')).toEqual([0, true]);
    expect(held('workload.measured == 10s')).toEqual([10_000, true]);
    expect(held('workload.measuredMs == 10000')).toEqual([10_000, true]);
    expect(held('workload.body == 1.024kB')).toEqual([1024, true]);
    expect(held('workload.achieved >= 6000/m')).toEqual([100, true]);
    expect(held('wan.links[0].requested.loss < 0.1%')).toEqual([0, true]);
    expect(held('latency.response.count == 1000')).toEqual([1000, true]);
  });

  it('convert ratios from percent', () => {
    const local = { ...result, locality: { ...result.locality, localRatio: 0.9 } };
    expect(held('locality.localRatio >= 90%', local)).toEqual([0.9, true]);
    expect(held('locality.localRatio >= 0.91', local)).toEqual([0.9, false]);
  });

  it('take an absent key of a map for 0', () => {
    expect(held('outcome.failed.timeout == 10')).toEqual([10, true]);
    expect(held('outcome.failed.connection-lost == 0')).toEqual([0, true]);
    expect(held('outcome.failed.constructor == 0')).toEqual([0, true]);
  });

  it('are missed by null', () => {
    expect(held('latency.response.p999 < 5s')).toEqual([null, false]);
    expect(held('latency.response.max != 3')).toEqual([null, false]);
    expect(held('latency.accepted.p50 < 5s')).toEqual([null, false]);
    expect(held('fanout.coverageMin == 1')).toEqual([null, false]);
    expect(held('wan.links[7].measured.rttMinMs < 1h')).toEqual([null, false]);
  });

  it('ask [*] of every item and show the first that misses, or the nearest', () => {
    const [one, two] = result.wan.links;
    if (one === undefined || two === undefined) throw new Error('two links expected');
    const worse = { ...two, measured: { ...two.measured, rttP99Ms: 40 }, withinTolerance: false };
    const wan = { ...result, wan: { ...result.wan, links: [one, worse] } };
    expect(held('wan.links[*].measured.rttP99Ms < 30ms', wan)).toEqual([40, false]);
    expect(held('wan.links[*].measured.rttP99Ms < 50ms', wan)).toEqual([40, true]);
    expect(held('wan.links[*].withinTolerance == true')).toEqual([1, true]);
    expect(held('wan.links[*].withinTolerance == true', wan)).toEqual([0, false]);
    expect(held('wan.links[1].withinTolerance != true', wan)).toEqual([0, true]);
    expect(held('faults[*].recoveredMs < 5s')).toEqual([null, false]);
  });
});

describe('mistakes', () => {
  it('are found without a result, with a near name', () => {
    expect(mistake('latency.reponse.p99 < 1s')).toContain(
      'latency has no "reponse"; did you mean "response"?',
    );
    expect(mistake('outcome.lots == 0')).toContain('did you mean "lost"?');
    expect(mistake('latncy.response.p99 < 1s')).toContain(
      'a result has no "latncy"; did you mean "latency"?',
    );
    expect(mistake('verdict.status == 1')).toContain('a result has no "verdict"');
  });

  it('say what a path that stops short or goes too far needs', () => {
    expect(mistake('latency.response < 1')).toContain(
      'latency.response is not a number; it has count',
    );
    expect(mistake('outcome.failed == 0')).toContain(
      'go on with a name, such as outcome.failed.timeout',
    );
    expect(mistake('wan.links.from == 1')).toContain('wan.links is a list: say which item');
    expect(mistake('wan.links[*] == 1')).toContain('wan.links[*] is not a number');
    expect(mistake('outcome[0].due == 1')).toContain('outcome is not a list');
    expect(mistake('outcome.due.x == 1')).toContain(
      'outcome.due is a single value, so it has no .x',
    );
    expect(mistake('name == 1')).toContain('name is text');
    expect(mistake('bus.nodes[*].name == 1')).toContain('is text');
  });

  it('say what a literal should have been', () => {
    expect(mistake('latency.response.p99 < 5MB')).toContain(
      'expected a unit of us, ms, s, m, h; got "5MB"',
    );
    expect(mistake('outcome.lost == 0ms')).toContain('is a plain number, so it takes no unit');
    expect(mistake('latency.response.count > 5ms')).toContain('takes no unit');
    expect(mistake('outcome.lost == none')).toContain('expected a number, got "none"');
    expect(mistake('wan.links[*].withinTolerance == 1')).toContain(
      'expected true or false, got "1"',
    );
    expect(mistake('wan.links[*].withinTolerance > true')).toContain('compare it with == or !=');
  });

  it('say what an expectation looks like', () => {
    for (const text of ['', 'outcome.lost', 'outcome.lost = 0', '== 0', 'outcome.lost ==', '< >']) {
      expect(mistake(text)).toContain('expected `path op literal`');
    }
    expect(mistake('outcome..lost == 0')).toContain('is no path');
    expect(mistake('wan.links[-1].x == 0')).toContain('is no path');
  });
});
