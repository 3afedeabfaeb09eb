import type { RunResult } from '../result.ts';
import { unlessZero, type WarningRule } from './rule.ts';

const manyFailed: WarningRule = {
  code: 'MANY_FAILED',
  means: 'more operations failed than a latency can speak for',
  advice: 'The ledger counts the failures by class and by what the bus said of them.',
  check({ result: { outcome } }) {
    const percent = outcome.due === 0 ? 0 : (100 * outcome.failedTotal) / outcome.due;
    if (percent <= 1) return [];
    const message = `${percent.toFixed(1)} % of the operations failed${mostOften(outcome)}; high quantiles are infinite`;
    return [{ message, value: percent, limit: 1 }];
  },
};

/** The commonest reason, in the bus's own words. */
function mostOften({ reasons }: { readonly reasons: RunResult['outcome']['reasons'] }): string {
  const all = Object.entries(reasons).flatMap(([outcome, ofClass]) =>
    Object.entries(ofClass).map(([reason, count]) => ({ outcome, reason, count })),
  );
  const [most] = all.sort((a, b) => b.count - a.count);
  return most === undefined ? '' : `, most often ${most.outcome}: ${most.reason}`;
}

const lost: WarningRule = {
  code: 'LOST',
  means: 'messages were sent, not refused, and delivered nowhere',
  advice: 'See the bus: dropped, expired, or still queued after the drain?',
  check: ({ result: { outcome } }) =>
    unlessZero(
      outcome.lost,
      `${outcome.lost} messages were sent, not refused, and delivered nowhere`,
    ),
};

const lostReplies: WarningRule = {
  code: 'LOST_REPLIES',
  means: 'messages were delivered whose replies never came',
  advice: 'A longer drain tells slow replies from lost ones.',
  check: ({ result: { outcome } }) =>
    unlessZero(
      outcome.lostReplies,
      `${outcome.lostReplies} calls were delivered but no reply came back by the end of the drain`,
    ),
};

const duplicated: WarningRule = {
  code: 'DUPLICATED',
  means: 'deliveries that repeated an earlier one',
  advice: 'At least once repeats after a lost acknowledgement; at most once must not.',
  check: ({ result: { outcome } }) =>
    unlessZero(outcome.duplicated, `${outcome.duplicated} deliveries repeated an earlier one`),
};

const unknown: WarningRule = {
  code: 'UNKNOWN',
  means: 'operations whose fate only a dead agent knew',
  advice:
    'Counts of such a run are bounds: totals and latencies leave out all that the agent did; intervals and hlog hold what it had told.',
  check: ({ result: { outcome } }) =>
    unlessZero(
      outcome.unknown,
      `the fate of ${outcome.unknown} operations is not known: only an agent that died knew it`,
    ),
};

/**
 * Offered is what became due: Poisson arrivals need not come up to their rate, and what an agent took to its grave is
 * not the bus's. What is still under way when the window ends (a mean response time's worth, and one) is not missing.
 */
const belowOffered: WarningRule = {
  code: 'BELOW_OFFERED',
  means: 'less was achieved than offered',
  advice:
    'The bus did not keep up: lower workload.pace.rate until it does, or read it as its limit.',
  check({ result: { workload, outcome, latencyUs } }) {
    const { offeredPerSecond, achievedPerSecond, measuredMs } = workload;
    if (offeredPerSecond === null || measuredMs === 0) return [];
    const { p50, mean } = latencyUs.response;
    const underwayMs = Math.min(measuredMs, (mean ?? p50 ?? 0) / 1e3);
    const duePerSecond = (outcome.due - outcome.unknown) / (measuredMs / 1e3);
    const wanted = Math.min(offeredPerSecond, duePerSecond) * (1 - underwayMs / measuredMs);
    const limit = Math.max(0, 0.95 * wanted - 1 / (measuredMs / 1e3));
    if (achievedPerSecond >= limit) return [];
    const message = `${achievedPerSecond.toFixed(1)}/s were achieved of ${offeredPerSecond.toFixed(1)}/s offered`;
    return [{ message, value: achievedPerSecond, limit }];
  },
};

/** What became of the operations. */
export const outcomeRules: readonly WarningRule[] = [
  manyFailed,
  lost,
  lostReplies,
  duplicated,
  unknown,
  belowOffered,
];
