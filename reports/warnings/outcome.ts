import type { Evidence } from '../evidence.ts';
import type { Account } from '../reconcile/accounts.ts';
import { failuresOf } from '../reconcile/outcome.ts';
import { siteName } from '../reconcile/parts.ts';
import type { RunResult } from '../result.ts';
import { type Seen, type Unjudged, unlessZero, usAsMs, type WarningRule } from './rule.ts';
import { inBrackets, whichOf } from './which.ts';

const manyFailed: WarningRule = {
  code: 'MANY_FAILED',
  means: 'more operations failed than a latency can speak for',
  advice: 'The ledger counts the failures by class and by what the bus said of them.',
  check(seen) {
    const { outcome } = seen.result;
    const percent = outcome.due === 0 ? 0 : (100 * outcome.failedTotal) / outcome.due;
    if (percent <= 1) return [];
    const where = inBrackets(bySite(seen, (account) => failuresOf(account).all));
    const message = `${percent.toFixed(1)} % of the operations failed${where}${mostOften(outcome)}; high quantiles are infinite`;
    return [{ message, value: percent, limit: 1 }];
  },
};

/** Counts of the accounts by the site of their clients: `clients at paris 12, lyon 3`. */
function bySite({ evidence, accounts }: Seen, of: (account: Account) => number): string {
  const which = whichOf(
    accounts.map((account) => [siteName(evidence, account.peer.site), of(account)] as const),
  );
  return which === '' ? '' : `clients at ${which}`;
}

/** Deliveries that repeat another by the process whose servers had them, as far as one process saw them all. */
function repeatedAt({ parts, processes }: Evidence): string {
  return whichOf(
    parts.flatMap(({ process, part }) => {
      if (part.type !== 'serverLedger') return [];
      const name = processes[process]?.name ?? `process ${process}`;
      return part.entries.map(({ duplicated }) => [name, duplicated] as const);
    }),
  );
}

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
  check(seen) {
    const { lost: count } = seen.result.outcome;
    const where = inBrackets(bySite(seen, (account) => account.lost));
    return unlessZero(
      count,
      `${count} messages were sent, not refused, and delivered nowhere${where}`,
    );
  },
};

const lostReplies: WarningRule = {
  code: 'LOST_REPLIES',
  means: 'messages were delivered whose replies never came',
  advice: 'A longer drain tells slow replies from lost ones.',
  check(seen) {
    const { lostReplies: count } = seen.result.outcome;
    const where = inBrackets(bySite(seen, (account) => account.lostReplies));
    return unlessZero(
      count,
      `${count} calls were delivered but no reply came back by the end of the drain${where}`,
    );
  },
};

const duplicated: WarningRule = {
  code: 'DUPLICATED',
  means: 'deliveries that repeated an earlier one',
  advice: 'At least once repeats after a lost acknowledgement; at most once must not.',
  check(seen) {
    const { duplicated: count } = seen.result.outcome;
    const sent = bySite(seen, (account) => account.deliveries.duplicated);
    const where = inBrackets(
      [sent && `sent by ${sent}`, prefixed('received at ', repeatedAt(seen.evidence))]
        .filter((part) => part !== '')
        .join('; '),
    );
    const { nodes, type } = seen.result.bus;
    const by = [...new Set(nodes.map(({ version }) => `${type} ${version}`))].join(', ');
    return unlessZero(
      count,
      `${count} deliveries repeated an earlier one${where}${prefixed('; the bus: ', by)}`,
    );
  },
};

const unknown: WarningRule = {
  code: 'UNKNOWN',
  means: 'operations whose fate only a dead agent knew',
  advice:
    'Counts of such a run are bounds: totals and latencies leave out all that the agent did; intervals and hlog hold what it had told.',
  check({ evidence, result: { outcome } }) {
    const dead = evidence.processes.filter(({ collected }) => !collected).map(({ name }) => name);
    const who = dead.length === 0 ? 'an agent that died' : `${dead.join(', ')}, which died,`;
    return unlessZero(
      outcome.unknown,
      `the fate of ${outcome.unknown} operations is not known: only ${who} knew it`,
    );
  },
};

/**
 * Offered is what became due: Poisson arrivals need not come up to their rate, and what an agent took to its grave is
 * not the bus's. What is still under way when the window ends (a mean response time's worth, and one) is not missing.
 */
const belowOffered: WarningRule = {
  code: 'BELOW_OFFERED',
  means: 'less was achieved than offered',
  advice:
    'The message says whose the time was. Agents that are late need a lower rate, or more sites or machines; a bus that takes or answers late has reached its limit.',
  check({ result }) {
    const { workload, outcome, latencyUs } = result;
    const { offeredPerSecond, achievedPerSecond, measuredMs } = workload;
    if (offeredPerSecond === null || measuredMs === 0) return [];
    const { p50, mean } = latencyUs.response;
    const underwayMs = Math.min(measuredMs, (mean ?? p50 ?? 0) / 1e3);
    const duePerSecond = (outcome.due - outcome.unknown) / (measuredMs / 1e3);
    const wanted = Math.min(offeredPerSecond, duePerSecond) * (1 - underwayMs / measuredMs);
    const limit = Math.max(0, 0.95 * wanted - 1 / (measuredMs / 1e3));
    if (achievedPerSecond >= limit) return [];
    const message = `${achievedPerSecond.toFixed(1)}/s were achieved of ${offeredPerSecond.toFixed(1)}/s offered: ${whoseTime(result)}`;
    return [{ message, value: achievedPerSecond, limit }];
  },
};

/** The party that an operation waited for the longest on average: the agents, the bus that would not take it, or the way. */
function whoseTime({ latencyUs, outcome }: Unjudged): string {
  const { agentDelay, busDelay, service } = latencyUs;
  const parties: [meanUs: number, words: string][] = [
    [agentDelay.mean ?? 0, 'the agents, which are ours, took them late'],
    [busDelay.mean ?? 0, 'the bus would not take them (credit, flow control, lost connections)'],
    [service.mean ?? 0, 'bus and servers took it to deliver and answer them'],
  ];
  const [[meanUs, words]] = parties.sort(([a], [b]) => b - a) as [[number, string]];
  const time = `${usAsMs(meanUs)} on average ${words}`;
  if (outcome.failedTotal === 0) return time;
  const percent = (100 * outcome.failedTotal) / outcome.due;
  return `${percent.toFixed(1)} % failed, and ${time}`;
}

function prefixed(prefix: string, text: string): string {
  return text === '' ? '' : `${prefix}${text}`;
}

/** What became of the operations. */
export const outcomeRules: readonly WarningRule[] = [
  manyFailed,
  lost,
  lostReplies,
  duplicated,
  unknown,
  belowOffered,
];
