import { timesOf } from '../reconcile/fault-groups.ts';
import { groupBy } from '../reconcile/parts.ts';
import { meanBytes, offeredPerSecond } from '../reconcile/workload.ts';
import type { RunRecord } from '../record.ts';
import type { RunResult } from '../result.ts';
import { expectationsOf } from '../verdict/implied.ts';
import { type Contradiction, same, warned, within } from './law.ts';

/** The verdict follows from the numbers that stand beside it. */
export function* verdictLaw({ result }: RunRecord): Generator<Contradiction> {
  const { verdict, scenario } = result;
  const { expectations, warnings, failure, status } = verdict;
  const own = new Map(expectationsOf(scenario, result).map((e) => [e.expression, e]));
  for (const { expression, actual, met, implied } of expectations) {
    const judged = own.get(expression);
    const where = `verdict.expectations "${expression}"`;
    if (judged === undefined) {
      yield {
        where,
        expected: 'an expectation of the scenario, or an implied one',
        got: 'neither',
      };
      continue;
    }
    yield* same(`${where} actual`, actual, judged.actual, 'the value at its path');
    yield* same(`${where} met`, met, judged.met, `actual ${judged.actual}`);
    // Older results do not say.
    if (implied !== undefined)
      yield* same(`${where} implied`, implied, judged.implied, 'scenario.expect');
  }
  const listed = new Set(expectations.map(({ expression }) => expression));
  const tells = expectations.some(({ implied }) => implied === true);
  for (const { expression, implied } of own.values()) {
    if (listed.has(expression) || (implied && !tells)) continue;
    yield { where: 'verdict.expectations', expected: `"${expression}"`, got: 'nothing of it' };
  }
  if (status === 'interrupted') return;
  const judged = ((): RunResult['verdict']['status'] => {
    if (failure !== null) return 'failed';
    if (warnings.some(({ invalidates }) => invalidates)) return 'invalid';
    return expectations.every(({ met }) => met) ? 'ok' : 'expectation-missed';
  })();
  yield* same('verdict.status', status, judged, 'failure, warnings and expectations');
}

/** Warnings whose value is a number of the result; the first kind is there whenever that number is not 0. */
export function* warningsLaw({ result }: RunRecord): Generator<Contradiction> {
  const { outcome, latencyUs, verdict } = result;
  const certain = {
    UNKNOWN: outcome.unknown,
    NEGATIVE_SAMPLES: latencyUs.negativeSamples,
  };
  const given = {
    LOST: outcome.lost,
    LOST_REPLIES: outcome.lostReplies,
    DUPLICATED: outcome.duplicated,
  };
  for (const [code, value] of Object.entries(certain)) {
    yield* same(`verdict.warnings ${code} value`, warned(result, code), value, 'its number');
  }
  for (const [code, value] of Object.entries(given)) {
    if (verdict.warnings.every((warning) => warning.code !== code)) continue;
    yield* same(`verdict.warnings ${code} value`, warned(result, code), value, 'its number');
  }
}

/** What was asked for is what the scenario says. */
export function* workloadLaw({ result }: RunRecord): Generator<Contradiction> {
  const { workload, scenario, bus, name } = result;
  const { pattern, topics, body, pace } = scenario.workload;
  const from = 'scenario';
  yield* same('name', name, scenario.name, from);
  yield* same('bus.type', bus.type, scenario.bus.type, from);
  yield* same('workload.pattern', workload.pattern, pattern, from);
  yield* same('workload.topics', workload.topics, topics, from);
  yield* same('workload.bodyBytes', workload.bodyBytes, meanBytes(body), from);
  const offered = pace.kind === 'open' ? offeredPerSecond(pace, workload.measuredMs) : null;
  yield* same(
    'workload.offeredPerSecond',
    workload.offeredPerSecond,
    offered,
    'scenario and measuredMs',
  );
}

/** Faults by themselves, and those of one entry together. */
export function* faultsLaw({ result }: RunRecord): Generator<Contradiction> {
  const { faults, faultGroups } = result;
  for (const [index, fault] of faults.entries()) {
    const where = `faults[${index}]`;
    const { startedAtMs, endedAtMs, failedDuring, lost, felt, recoveredDuringMs } = fault;
    yield* within(
      `${where}.endedAtMs`,
      endedAtMs,
      [startedAtMs, Number.POSITIVE_INFINITY],
      'startedAtMs',
    );
    const isFelt = lost > 0 || Object.values(failedDuring).some((count) => count > 0);
    yield* same(`${where}.felt`, felt, isFelt, 'failedDuring and lost');
    if (felt || recoveredDuringMs === null) continue;
    yield* same(`${where}.recoveredDuringMs`, recoveredDuringMs, null, 'nothing was felt');
  }
  const members = groupBy(faults, ({ entry }) => entry);
  for (const [index, group] of faultGroups.entries()) {
    const where = `faultGroups[${index}]`;
    const own = members.get(group.entry) ?? [];
    yield* same(`${where}.count`, group.count, own.length, `faults of entry ${group.entry}`);
    if (own.length === 0) continue;
    const from = `faults of entry ${group.entry}`;
    yield* same(
      `${where}.startedAtMs`,
      group.startedAtMs,
      Math.min(...own.map((f) => f.startedAtMs)),
      from,
    );
    yield* same(
      `${where}.endedAtMs`,
      group.endedAtMs,
      Math.max(...own.map((f) => f.endedAtMs)),
      from,
    );
    const mending = timesOf(own.flatMap((f) => (f.mended ? [f.endedAtMs - f.startedAtMs] : [])));
    const recovery = timesOf(own.flatMap((f) => f.recoveredMs ?? []));
    for (const name of ['count', 'p50Ms', 'maxMs'] as const) {
      yield* same(`${where}.mending.${name}`, group.mending?.[name], mending?.[name], from);
      yield* same(`${where}.recovery.${name}`, group.recovery?.[name], recovery?.[name], from);
    }
  }
}
