import { describe, expect, it } from 'vitest';
import { compare } from '../../../reports/compare/compare.ts';
import {
  comparisonJson,
  comparisonMarkdown,
  comparisonText,
} from '../../../reports/compare/render.ts';
import { parseResult } from '../../../reports/parse.ts';
import type { RunResult } from '../../../reports/result.ts';
import { busWith } from '../../helpers/buses.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const fixture = makeRecord().result;

/** The fixture as an undisturbed run whose response p99 is as given, µs. */
function run(p99: number | null, change: (result: RunResult) => void = () => {}): RunResult {
  const result = parseResult(JSON.parse(JSON.stringify(fixture)));
  result.verdict = { ...result.verdict, status: 'ok', failure: null };
  result.latencyUs.response.p99 = p99;
  change(result);
  return result;
}

const before = [50_000, 51_000, 52_000].map((p99) => run(p99));

function p99Row(comparison: ReturnType<typeof compare>): (typeof comparison.rows)[number] {
  const row = comparison.rows.find(({ path }) => path === 'latency.response.p99');
  if (!row) throw new Error('no row of the p99');
  return row;
}

describe('compare', () => {
  it('finds what is worse, better, or not to be told apart', () => {
    const with3 = (values: readonly number[]): string =>
      p99Row(
        compare(
          before,
          values.map((value) => run(value)),
          [],
        ),
      ).finding;
    expect(with3([80_000, 81_000, 82_000])).toBe('worse');
    expect(with3([20_000, 21_000, 22_000])).toBe('better');
    expect(with3([50_500, 51_500, 49_000])).toBe('no difference seen');
  });

  it('knows of which numbers more is better', () => {
    const slower = [1, 2, 3].map((i) =>
      run(50_000, (result) => {
        result.workload.achievedPerSecond = 100 + i;
      }),
    );
    const row = compare(before, slower, []).rows.find(
      ({ path }) => path === 'workload.achievedPerSecond',
    );
    expect(row?.finding).toBe('worse');
  });

  it('passes a limit by the near bound of the interval only', () => {
    const limit = { path: 'latency.response.p99', share: 0.1 };
    const exceeded = (values: readonly number[]): boolean | undefined =>
      p99Row(
        compare(
          before,
          values.map((value) => run(value)),
          [limit],
        ),
      ).limit?.exceeded;
    // 70 against 52 at least: 34 % worse for sure.
    expect(exceeded([70_000, 71_000, 72_000])).toBe(true);
    // About 14 % worse, but perhaps only 8 %.
    expect(exceeded([56_000, 58_000, 59_000])).toBe(false);
    expect(exceeded([20_000, 21_000, 22_000])).toBe(false);
  });

  it('takes a p99 among failures as worse than any number', () => {
    const failing = [1, 2, 3].map(() =>
      run(null, (result) => {
        result.latencyUs.response.failed = result.latencyUs.response.count;
      }),
    );
    const row = p99Row(compare(before, failing, [{ path: 'latency.response.p99', share: 0.5 }]));
    expect(row).toMatchObject({ finding: 'worse', limit: { exceeded: true } });
    expect(row.candidate.median).toBe(Number.POSITIVE_INFINITY);
    const text = comparisonText(compare(before, failing, []));
    expect(text).toMatch(/latency\.response\.p99 .*> timeout/);
    expect(comparisonJson(compare(before, failing, []))).toContain('"beyond timeout"');
  });

  it('refuses a limit that too few repetitions cannot judge, and one on nothing', () => {
    const limit = { path: 'latency.response.p99', share: 0.1 };
    expect(() => compare([run(1)], [run(2)], [limit])).toThrowError(/3 known values.*1 and 1/);
    const unknown = { path: 'latency.respons.p99', share: 0.1 };
    expect(() => compare(before, before, [unknown])).toThrowError(/did you mean "response"/);
    expect(p99Row(compare([run(1)], [run(2)], [])).finding).toBe('too few repetitions');
    expect(comparisonText(compare([run(1)], [run(2)], []))).toContain(
      'no intervals below 3 a side',
    );
  });

  it('refuses what cannot be compared, naming what differs', () => {
    const other = run(1, (result) => {
      result.wan.fabric = 'namespaces';
      result.scenario = { ...result.scenario, guarantee: 'at-least-once' };
    });
    expect(() => compare(before, [other], [])).toThrowError(
      /fabric: "loopback" and "namespaces"; guarantee: /,
    );
    const paced = run(1, (result) => {
      const { workload } = result.scenario;
      result.scenario = {
        ...result.scenario,
        workload: { ...workload, pace: { kind: 'inFlight', inFlight: 2 } },
      };
    });
    expect(() => compare(before, [paced], [])).toThrowError(/pace: /);
    const failed = run(1, (result) => {
      result.verdict.status = 'failed';
    });
    expect(() => compare(before, [failed], [])).toThrowError(/whole runs/);
  });

  it('says what was changed, and warns of another environment and of invalid results', () => {
    const changed = [1, 2, 3].map((i) =>
      run(50_000 + i, (result) => {
        result.environment.kernel = 'Linux 7.0';
        result.scenario = {
          ...result.scenario,
          bus: busWith('rabbitmq', { queues: 'quorum' }, ['paris']),
        };
        if (i === 1) result.verdict.status = 'invalid';
      }),
    );
    const comparison = compare(before, changed, []);
    expect(comparison.changes.map(({ path }) => path)).toContain('bus.options.queues');
    expect(comparison.warnings.join('\n')).toMatch(/kernel differs: .* against Linux 7\.0/);
    expect(comparison.invalid).toBe(true);
    expect(comparisonMarkdown(comparison)).toContain('not to be trusted');
  });

  it('fits a pull-request comment', () => {
    const markdown = comparisonMarkdown(compare(before, before, []));
    expect(markdown).toContain('✅ no difference seen');
    expect(markdown.split('\n').filter((line) => line.startsWith('| ')).length).toBeGreaterThan(8);
    expect(markdown.length).toBeLessThan(4_000);
  });
});
