import { quantileState, quantiles } from '../format.ts';
import type { RunRecord } from '../record.ts';
import type { Dist } from '../result.ts';
import { atEnd, familyOf, type Value } from './openmetrics-run.ts';
import type { Family, Sample } from './openmetrics-text.ts';

/** What came of the operations: counts, rates, latencies, judgement. */
export const outcomeFamilies: readonly ((record: RunRecord) => Family)[] = [
  info,
  operations,
  failures,
  reasons,
  messages,
  rates,
  latencies,
  recoveries,
  expectations,
];

function info(record: RunRecord): Family {
  const { workload, bus, wan, scenario, verdict } = record.result;
  const labels = {
    pattern: workload.pattern,
    bus: bus.type,
    fabric: wan.fabric,
    guarantee: scenario.guarantee,
    status: verdict.status,
  };
  const help = 'What was run and its verdict.';
  return familyOf(record, { name: 'busbench_run', type: 'info', help }, [[labels, 1]]);
}

function operations(record: RunRecord): Family {
  const { due, completed, failedTotal } = record.result.outcome;
  const help = 'Operations of the measuring window; due = completed + failed.';
  return familyOf(record, { name: 'busbench_operations', type: 'counter', help }, [
    [{ state: 'due' }, due],
    [{ state: 'completed' }, completed],
    [{ state: 'failed' }, failedTotal],
  ]);
}

function failures(record: RunRecord): Family {
  const classes = Object.entries(record.result.outcome.failed);
  return familyOf(
    record,
    { name: 'busbench_failures', type: 'counter', help: 'Failed operations by class.' },
    classes.map(([name, count]) => [{ class: name }, count]),
  );
}

/** At most 20 reasons a class, and words of at most 200 characters: as many series as a result has. */
function reasons(record: RunRecord): Family {
  const classes = Object.entries(record.result.outcome.reasons ?? {});
  return familyOf(
    record,
    {
      name: 'busbench_failure_reasons',
      type: 'counter',
      help: "Failed operations by class and by the bus's own words, at most 20 of a class, the rest as other.",
    },
    classes.flatMap(([name, ofClass]) =>
      Object.entries(ofClass).map(([reason, count]) => [{ class: name, reason }, count] as const),
    ),
  );
}

function messages(record: RunRecord): Family {
  const { outcome } = record.result;
  const fates = {
    sent: outcome.sent,
    delivered: outcome.delivered,
    expected: outcome.expectedDeliveries,
    late: outcome.late,
    lost: outcome.lost,
    lost_reply: outcome.lostReplies,
    duplicated: outcome.duplicated,
    redelivered: outcome.redelivered,
    reordered: outcome.reordered,
    unroutable: outcome.unroutable,
    unknown: outcome.unknown,
  };
  return familyOf(
    record,
    { name: 'busbench_messages', type: 'counter', help: 'What became of the messages.' },
    Object.entries(fates).map(([fate, count]) => [{ fate }, count]),
  );
}

function rates(record: RunRecord): Family {
  const { offeredPerSecond, achievedPerSecond } = record.result.workload;
  const help = 'Offered and achieved rate over the measuring window.';
  return familyOf(record, { name: 'busbench_operations_per_second', type: 'gauge', help }, [
    [{ rate: 'offered' }, offeredPerSecond],
    [{ rate: 'achieved' }, achievedPerSecond],
  ]);
}

function latencies(record: RunRecord): Family {
  const {
    clockUncertaintyUs: _,
    clockBoundUs: __,
    negativeSamples: ___,
    ...kinds
  } = record.result.latencyUs;
  const samples = Object.entries(kinds).flatMap(([kind, dist]) =>
    dist === null ? [] : summary(record, kind, dist),
  );
  return {
    name: 'busbench_latency_seconds',
    type: 'summary',
    unit: 'seconds',
    help: 'Latency by kind; a quantile among failed operations is +Inf, one not known is NaN.',
    samples,
  };
}

function summary(record: RunRecord, kind: string, dist: Dist): Sample[] {
  const values = quantiles.map((quantile): Value => {
    const us = dist[quantile.key];
    const beyond =
      quantileState(dist, quantile) === 'failed' ? Number.POSITIVE_INFINITY : Number.NaN;
    return [{ kind, quantile: String(quantile.share) }, us === null ? beyond : us / 1e6];
  });
  return [
    ...atEnd(record, values),
    ...atEnd(record, [[{ kind }, dist.count]], '_count'),
    ...atEnd(record, [[{ kind }, ((dist.mean ?? 0) * dist.count) / 1e6]], '_sum'),
  ];
}

function recoveries(record: RunRecord): Family {
  return familyOf(
    record,
    {
      name: 'busbench_fault_recovery_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Time from heal or respawn until the service was as good as before; absent if that was not seen.',
    },
    record.result.faults.map(({ action, target, recoveredMs }, index) => [
      { fault: String(index), action, target },
      recoveredMs === null ? null : recoveredMs / 1000,
    ]),
  );
}

function expectations(record: RunRecord): Family {
  const help = '1 where an expectation of the scenario was met, 0 where it was missed.';
  return familyOf(
    record,
    { name: 'busbench_expectation_met', type: 'gauge', help },
    record.result.verdict.expectations.map(({ expression, met }) => [{ expression }, Number(met)]),
  );
}
