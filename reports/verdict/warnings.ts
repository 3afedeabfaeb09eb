import type { Evidence } from '../evidence.ts';
import type { Account } from '../reconcile/accounts.ts';
import { unbalanced } from '../reconcile/outcome.ts';
import { hasManyReceivers, partsOf, sum } from '../reconcile/parts.ts';
import { requestedRttMs, rttToleranceMs } from '../reconcile/wan.ts';
import type { Dist, LinkReport, Warning } from '../result.ts';
import { agentWarnings } from './agent-warnings.ts';
import { partitionWarnings, routerWarnings } from './bus-warnings.ts';
import { type Unjudged, usAsMs, warn } from './warning.ts';

/** Everything about a run that its reader should doubt, the orchestrator's own warnings first. */
export function warningsOf(
  evidence: Evidence,
  accounts: readonly Account[],
  result: Unjudged,
): Warning[] {
  return [
    ...evidence.warnings,
    ...measuringWarnings(evidence, accounts, result),
    ...agentWarnings(evidence, result),
    ...clockWarnings(result),
    ...wanWarnings(result),
    ...outcomeWarnings(result),
    ...paceWarnings(result),
    ...leftoverWarnings(result),
    ...routerWarnings(result),
    ...partitionWarnings(result.bus),
  ];
}

/** A count that ought to be 0. */
function unlessZero(code: string, value: number, message: string, advice: string): Warning[] {
  return value === 0 ? [] : [warn({ code, message, advice, value, limit: 0 })];
}

const reportIt = 'This is a bug of busbench: please report it with the result directory.';

/** Books that do not balance are a fault of ours: nothing is to be trusted. */
function measuringWarnings(
  evidence: Evidence,
  accounts: readonly Account[],
  { outcome, latencyUs }: Unjudged,
): Warning[] {
  const warnings: Warning[] = [];
  const wrong = unbalanced(accounts);
  if (wrong.length > 0) {
    const gap = outcome.due - outcome.completed - outcome.failedTotal;
    const message = `due is not completed + failed for ${wrong.length} clients, first ${wrong[0]?.peer.name}; ${gap} over all`;
    warnings.push(
      warn({ code: 'LEDGER_UNBALANCED', message, advice: reportIt, value: gap, limit: 0 }, true),
    );
  }
  const gap = missingSamples(evidence, accounts, latencyUs.response);
  if (gap !== 0) {
    const message = `the ledger knows ${Math.abs(gap)} ${gap > 0 ? 'more' : 'fewer'} timed operations than the histograms hold`;
    warnings.push(
      warn({ code: 'SAMPLES_UNBALANCED', message, advice: reportIt, value: gap, limit: 0 }, true),
    );
  }
  const isWhole = evidence.failure === null && !evidence.interrupted;
  if (isWhole && outcome.due === 0 && evidence.scenario.bus.type !== 'none') {
    const message = 'no operation became due in the measuring window';
    const advice = 'Measure longer, or raise the rate.';
    warnings.push(warn({ code: 'NOTHING_MEASURED', message, advice, value: 0, limit: 1 }, true));
  }
  if (outcome.due > 0 && outcome.due < samplesForP99) {
    warnings.push(
      warn({
        code: 'FEW_SAMPLES',
        message: `${outcome.due} operations are too few for a p99 of the response time`,
        advice: `Measure longer: a p99 needs ${samplesForP99} operations, a p999 ten times as many.`,
        value: outcome.due,
        limit: samplesForP99,
      }),
    );
  }
  return warnings;
}

/**
 * Timed operations by the books less those in the histograms: completed calls at clients; at servers first deliveries
 * in time, each process by itself. Not comparable where an agent died while it reported.
 */
function missingSamples(evidence: Evidence, accounts: readonly Account[], response: Dist): number {
  if (hasManyReceivers(evidence) || evidence.processes.some((p) => !p.collected)) return 0;
  const isCall = evidence.scenario.workload.pattern === 'call';
  const negative = sum(partsOf(evidence, 'histogram'), (part) =>
    part.kind === 'response' ? part.negative : 0,
  );
  const timed = sum(accounts, (a) => (isCall ? a.completed : a.deliveries.timed));
  return timed - response.count - negative;
}

const samplesForP99 = 1000;

function clockWarnings({ latencyUs, workload }: Unjudged): Warning[] {
  const warnings = unlessZero(
    'NEGATIVE_SAMPLES',
    latencyUs.negativeSamples,
    `${latencyUs.negativeSamples} samples were below zero: clocks of two machines disagreed by more than the message took`,
    'They rank below all others. Let the clocks settle, or read the response times of calls, which use one clock.',
  );
  const uncertainUs = latencyUs.clockUncertaintyUs;
  const medianUs = latencyUs.response.p50;
  if (workload.pattern !== 'call' && medianUs !== null && uncertainUs > 0.1 * medianUs) {
    warnings.push(
      warn({
        code: 'CLOCK_UNCERTAIN',
        message: `one-way times may be wrong by ${usAsMs(uncertainUs)}, more than 10 % of their median of ${usAsMs(medianUs)}`,
        advice:
          'Clocks of two machines were compared over a slow control connection; measure with calls.',
        value: uncertainUs,
        limit: 0.1 * medianUs,
      }),
    );
  }
  return warnings;
}

/**
 * Only a network that is plainly not the one asked for (a quarter and 5 ms off) makes the run worthless. One warning
 * a pair, for the direction that is farther off: both round trips cross the same two directions.
 */
function wanWarnings({ wan }: Unjudged): Warning[] {
  const wrong = wan.links
    .filter(({ withinTolerance }) => withinTolerance === false)
    .map((link) => {
      const requestedMs = requestedRttMs(link, wan.links);
      return { link, requestedMs, offMs: Math.abs(link.measured.rttP50Ms - requestedMs) };
    })
    .sort((a, b) => b.offMs - a.offMs);
  const pairs = new Map(wrong.toReversed().map((found) => [pairOf(found.link), found]));
  return [...pairs.values()].reverse().map(({ link, requestedMs, offMs }) => {
    const { from, to, requested, measured } = link;
    const loss =
      measured.lossPercent === null
        ? ''
        : `; loss of ${measured.lossPercent.toFixed(2)} % measured, ${requested.lossPercent} % requested`;
    const message = `${from} -> ${to}: round trip of ${measured.rttP50Ms.toFixed(2)} ms measured, ${requestedMs.toFixed(2)} ms requested${loss}`;
    const advice = 'Keep the machine idle; `busbench check` names the next better fabric.';
    const limit = rttToleranceMs(requestedMs);
    return warn(
      { code: 'WAN_OUT_OF_TOLERANCE', message, advice, value: offMs, limit },
      offMs > Math.max(0.25 * requestedMs, 5),
    );
  });
}

function pairOf({ from, to }: LinkReport): string {
  return [from, to].sort().join(' ');
}

function outcomeWarnings({ outcome }: Unjudged): Warning[] {
  const { due, failedTotal, lost, lostReplies, duplicated, unknown } = outcome;
  const failedPercent = due === 0 ? 0 : (100 * failedTotal) / due;
  const warnings: Warning[] = [];
  if (failedPercent > 1) {
    warnings.push(
      warn({
        code: 'MANY_FAILED',
        message: `${failedPercent.toFixed(1)} % of the operations failed: high quantiles are infinite`,
        advice: 'See the failure classes, and the reasons in the logs of the agents.',
        value: failedPercent,
        limit: 1,
      }),
    );
  }
  warnings.push(
    ...unlessZero(
      'LOST',
      lost,
      `${lost} messages were sent, not refused, and delivered nowhere`,
      'See the bus: dropped, expired, or still queued after the drain?',
    ),
    ...unlessZero(
      'LOST_REPLIES',
      lostReplies,
      `${lostReplies} calls were delivered but no reply came back by the end of the drain`,
      'A longer drain tells slow replies from lost ones.',
    ),
    ...unlessZero(
      'DUPLICATED',
      duplicated,
      `${duplicated} deliveries repeated an earlier one`,
      'At least once repeats after a lost acknowledgement; at most once must not.',
    ),
    ...unlessZero(
      'UNKNOWN',
      unknown,
      `the fate of ${unknown} operations is not known: only an agent that died knew it`,
      'Counts of such a run are bounds: totals and latencies leave out all that the agent did; intervals and hlog hold what it had told.',
    ),
  );
  return warnings;
}

/**
 * Offered is what became due: Poisson arrivals need not come up to their rate, and what an agent took to its grave is
 * not the bus's. What is still under way when the window ends (a mean response time's worth, and one) is not missing.
 */
function paceWarnings({ workload, outcome, latencyUs }: Unjudged): Warning[] {
  const { offeredPerSecond, achievedPerSecond, measuredMs } = workload;
  if (offeredPerSecond === null || measuredMs === 0) return [];
  const { p50, mean } = latencyUs.response;
  const underwayMs = Math.min(measuredMs, (mean ?? p50 ?? 0) / 1e3);
  const duePerSecond = (outcome.due - outcome.unknown) / (measuredMs / 1e3);
  const wanted = Math.min(offeredPerSecond, duePerSecond) * (1 - underwayMs / measuredMs);
  const limit = Math.max(0, 0.95 * wanted - 1 / (measuredMs / 1e3));
  if (achievedPerSecond >= limit) return [];
  return [
    warn({
      code: 'BELOW_OFFERED',
      message: `${achievedPerSecond.toFixed(1)}/s were achieved of ${offeredPerSecond.toFixed(1)}/s offered`,
      advice:
        'The bus did not keep up: lower workload.pace.rate until it does, or read it as its limit.',
      value: achievedPerSecond,
      limit,
    }),
  ];
}

/** Counters of what a node still holds; read after the drain, when it must hold nothing. */
const heldCounters = ['messagesReady', 'messagesUnacknowledged', 'undelivered'];

/** Messages that all nodes hold, by their own counters; null where no node has such a counter. */
export function heldMessages(nodes: readonly Readonly<Record<string, number>>[]): number | null {
  const held = nodes.flatMap((counters) => heldCounters.flatMap((name) => counters[name] ?? []));
  return held.length === 0 ? null : sum(held, (count) => count);
}

function leftoverWarnings({ bus }: Unjudged): Warning[] {
  const left = heldMessages(bus.nodes.map(({ counters }) => counters)) ?? 0;
  return unlessZero(
    'BUS_NOT_EMPTY',
    left,
    `${left} messages were still in the bus after the drain`,
    'A longer drain, or a slower pace, tells slow from stuck.',
  );
}
