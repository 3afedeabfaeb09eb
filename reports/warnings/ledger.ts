import { hasManyReceivers, patterns } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import type { Account } from '../reconcile/accounts.ts';
import { unbalanced } from '../reconcile/outcome.ts';
import { partsOf, sum } from '../reconcile/parts.ts';
import type { Dist } from '../result.ts';
import type { WarningRule } from './rule.ts';

const reportIt = 'This is a bug of busbench: please report it with the result directory.';

const ledgerUnbalanced: WarningRule = {
  code: 'LEDGER_UNBALANCED',
  means: 'due is not completed + failed: a bug of ours, or lost evidence',
  advice: reportIt,
  check({ accounts, result: { outcome } }) {
    const wrong = unbalanced(accounts);
    if (wrong.length === 0) return [];
    const gap = outcome.due - outcome.completed - outcome.failedTotal;
    const message = `due is not completed + failed for ${wrong.length} clients, first ${wrong[0]?.peer.name}; ${gap} over all`;
    return [{ message, value: gap, limit: 0, invalidates: true }];
  },
};

const samplesUnbalanced: WarningRule = {
  code: 'SAMPLES_UNBALANCED',
  means: 'a distribution has another number of samples than operations',
  advice: reportIt,
  check({ evidence, accounts, result }) {
    const gap = missingSamples(evidence, accounts, result.latencyUs.response);
    if (gap === 0) return [];
    const message = `the ledger knows ${Math.abs(gap)} ${gap > 0 ? 'more' : 'fewer'} timed operations than the histograms hold`;
    return [{ message, value: gap, limit: 0, invalidates: true }];
  },
};

const nothingMeasured: WarningRule = {
  code: 'NOTHING_MEASURED',
  means: 'no operation became due in the window',
  advice: 'Measure longer, or raise the rate.',
  check({ evidence, result: { outcome } }) {
    const isWhole = evidence.failure === null && !evidence.interrupted;
    if (!isWhole || outcome.due > 0 || evidence.scenario.bus.type === 'none') return [];
    const message = 'no operation became due in the measuring window';
    return [{ message, value: 0, limit: 1, invalidates: true }];
  },
};

const samplesForP99 = 1000;

const fewSamples: WarningRule = {
  code: 'FEW_SAMPLES',
  means: 'too few operations for the percentiles one would like',
  advice: `Measure longer: a p99 needs ${samplesForP99} operations, a p999 ten times as many.`,
  check({ result: { outcome } }) {
    if (outcome.due === 0 || outcome.due >= samplesForP99) return [];
    const message = `${outcome.due} operations are too few for a p99 of the response time`;
    return [{ message, value: outcome.due, limit: samplesForP99 }];
  },
};

/** A ledger that does not balance is a fault of ours: nothing is to be trusted. */
export const ledgerRules: readonly WarningRule[] = [
  ledgerUnbalanced,
  samplesUnbalanced,
  nothingMeasured,
  fewSamples,
];

/**
 * Timed operations by the books less those in the histograms: completed calls at clients; at servers first deliveries
 * in time, each process by itself. Not comparable where an agent died while it reported.
 */
function missingSamples(evidence: Evidence, accounts: readonly Account[], response: Dist): number {
  if (hasManyReceivers(evidence.scenario.workload) || evidence.processes.some((p) => !p.collected))
    return 0;
  const { replies } = patterns[evidence.scenario.workload.pattern];
  const negative = sum(partsOf(evidence, 'histogram'), (part) =>
    part.kind === 'response' ? part.negative : 0,
  );
  const timed = sum(accounts, (a) => (replies ? a.completed : a.deliveries.timed));
  return timed - response.count - negative;
}
