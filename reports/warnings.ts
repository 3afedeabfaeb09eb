import type { CollectedPart } from '../agents/protocol.ts';
import type { Account } from './accounts.ts';
import type { Evidence } from './evidence.ts';
import { unbalanced } from './outcome.ts';
import { partsOf, sum } from './parts.ts';
import type { Dist, RunResult, Warning } from './result.ts';

/** A result before it is judged. */
export type Unjudged = Omit<RunResult, 'verdict'>;

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
  ];
}

function warn(warning: Omit<Warning, 'invalidates'>, invalidates = false): Warning {
  return { ...warning, invalidates };
}

/** A count that ought to be 0. */
function unlessZero(code: string, value: number, message: string, advice: string): Warning[] {
  return value === 0 ? [] : [warn({ code, message, advice, value, limit: 0 })];
}

/** Books that do not balance are a fault of ours (or of an agent that died in mid-report): nothing is to be trusted. */
function measuringWarnings(
  evidence: Evidence,
  accounts: readonly Account[],
  { outcome, latencyUs }: Unjudged,
): Warning[] {
  const warnings: Warning[] = [];
  const wrong = unbalanced(accounts);
  if (wrong.length > 0) {
    const gap = outcome.due - outcome.completed - outcome.failedTotal;
    warnings.push(
      warn(
        {
          code: 'LEDGER_UNBALANCED',
          message: `due is not completed + failed for ${wrong.length} clients (first ${wrong[0]?.peer.name}); over all ${gap} are unaccounted for`,
          advice: 'This is a bug of busbench: please report it with the result directory.',
          value: wrong.length,
          limit: 0,
        },
        true,
      ),
    );
  }
  const begun = evidence.failure === null && !evidence.interrupted;
  if (begun && outcome.due === 0) {
    const message = 'no operation became due in the measuring window';
    const advice = 'Measure longer, or raise the rate.';
    warnings.push(warn({ code: 'NOTHING_MEASURED', message, advice, value: 0, limit: 1 }, true));
  }
  const samples = latencyUs.response.count + latencyUs.response.failed;
  if (outcome.due > 0 && samples < samplesForP99) {
    warnings.push(
      warn({
        code: 'FEW_SAMPLES',
        message: `${samples} operations are too few for a p99 of the response time`,
        advice: `Measure longer: a p99 needs ${samplesForP99} operations, a p999 ten times as many.`,
        value: samples,
        limit: samplesForP99,
      }),
    );
  }
  return warnings;
}

const samplesForP99 = 1000;

/**
 * agentDelay is the one delay that is ours, so it alone may make a run invalid, and only when it is both large and a
 * large part of what is reported. Two rules: the tail (p99, or the highest quantile known) above 10 ms and a quarter
 * of the same quantile of the response time; the median above 1 ms and a quarter of the median response. Below
 * 10 ms, garbage collection and a stolen time slice on a small shared machine would fail good runs now and then; a
 * median that is late by more than 1 ms is no accident but an agent with too much to do. It warns from 1 ms and a
 * tenth on. Where the response quantile lies among failures it is infinite, and nothing is a large part of it. When
 * a fault paused a client's own process, that delay was ordered and never invalidates.
 */
function agentWarnings(
  evidence: Evidence,
  { latencyUs, toolkit, resources, workload }: Unjudged,
): Warning[] {
  const warnings: Warning[] = [];
  const { agentDelay, response } = latencyUs;
  const tail = tailQuantiles.find((quantile) => agentDelay[quantile] !== null) ?? 'p50';
  const ordered = evidence.faults.some(({ target }) => target.startsWith('client.'));
  const lateTail = lateness(agentDelay, response, tail, 10_000);
  const late = lateTail?.invalidates
    ? lateTail
    : (lateness(agentDelay, response, 'p50', 1000) ?? lateTail);
  if (late !== null) warnings.push({ ...late, invalidates: late.invalidates && !ordered });
  const loopUs = toolkit.eventLoopDelayUs.p99;
  if (loopUs !== null && loopUs > 20_000) {
    warnings.push(
      warn({
        code: 'EVENT_LOOP_SLOW',
        message: `agents' own 10 ms timer fired ${ms(loopUs)} late (p99): receipt times carry as much`,
        advice: 'Spread the peers over more sites or machines, or give the machine less to do.',
        value: loopUs,
        limit: 20_000,
      }),
    );
  }
  const busiest = busiestAgent(evidence, resources);
  if (busiest !== null && busiest.percent >= 90) {
    warnings.push(
      warn({
        code: 'AGENT_SATURATED',
        message: `${busiest.name} used ${busiest.percent.toFixed(0)} % of a core: it may be the limit, not the bus`,
        advice: 'Spread the peers over more sites or machines, or lower the rate.',
        value: busiest.percent,
        limit: 90,
      }),
    );
  }
  if (workload.startSkewUs > 20_000) {
    warnings.push(
      warn({
        code: 'START_SKEW',
        message: `agents began ${ms(workload.startSkewUs)} apart`,
        advice: 'The machine was busy at the start; a longer warm-up hides it from the numbers.',
        value: workload.startSkewUs,
        limit: 20_000,
      }),
    );
  }
  return warnings;
}

const tailQuantiles = ['p99', 'p95', 'p90', 'p75', 'p50'] as const;

/** Null when the agents were punctual enough at this quantile. */
function lateness(
  agentDelay: Dist,
  response: Dist,
  quantile: (typeof tailQuantiles)[number],
  invalidUs: number,
): Warning | null {
  const delayUs = agentDelay[quantile];
  const responseUs = response[quantile] ?? Number.POSITIVE_INFINITY;
  if (delayUs === null || delayUs <= Math.max(1000, 0.1 * responseUs)) return null;
  const invalidates = delayUs > Math.max(invalidUs, 0.25 * responseUs);
  const limit = invalidates
    ? Math.max(invalidUs, 0.25 * responseUs)
    : Math.max(1000, 0.1 * responseUs);
  return {
    code: 'AGENT_LATE',
    message: `agents took operations ${ms(delayUs)} late (${quantile}), of ${ms(responseUs)} response time: that part is ours`,
    advice:
      'Lower the rate, or spread the clients over more sites or machines; keep the machine idle.',
    value: delayUs,
    limit,
    invalidates,
  };
}

/** By the agents' own account of the measuring window, else by what was sampled from outside. */
function busiestAgent(
  evidence: Evidence,
  resources: Unjudged['resources'],
): { readonly name: string; readonly percent: number } | null {
  const own = partsOf(evidence, 'collected').map((part: CollectedPart) => ({
    name: part.process,
    percent: evidence.measuredMs > 0 ? part.cpuUs / (evidence.measuredMs * 10) : 0,
  }));
  const sampled = resources.processes
    .filter(({ role }) => role === 'agent')
    .map(({ name, cpuPercentMean }) => ({ name, percent: cpuPercentMean }));
  const all = own.length > 0 ? own : sampled;
  return all.reduce<(typeof all)[number] | null>(
    (most, agent) => (most === null || agent.percent > most.percent ? agent : most),
    null,
  );
}

function clockWarnings({ latencyUs, workload }: Unjudged): Warning[] {
  const warnings = unlessZero(
    'NEGATIVE_SAMPLES',
    latencyUs.negativeSamples,
    `${latencyUs.negativeSamples} samples were below zero: clocks of two machines disagreed by more than the message took`,
    'They rank below all others. Let the clocks settle, or read the response times of calls, which use one clock.',
  );
  const uncertainUs = 2 * latencyUs.clockUncertaintyUs;
  const medianUs = latencyUs.response.p50;
  if (workload.pattern !== 'call' && medianUs !== null && uncertainUs > 0.1 * medianUs) {
    warnings.push(
      warn({
        code: 'CLOCK_UNCERTAIN',
        message: `one-way times may be wrong by ${ms(uncertainUs)}, more than 10 % of their median of ${ms(medianUs)}`,
        advice:
          'Clocks of two machines were compared over a slow control connection; measure with calls.',
        value: uncertainUs,
        limit: 0.1 * medianUs,
      }),
    );
  }
  return warnings;
}

/** Only a network that is plainly not the one asked for (a quarter and 5 ms off) makes the run worthless. */
function wanWarnings({ wan }: Unjudged): Warning[] {
  return wan.links.flatMap(({ from, to, requested, measured, withinTolerance }) => {
    if (withinTolerance !== false) return [];
    const back = wan.links.find((link) => link.from === to && link.to === from);
    const requestedMs = requested.delayMs + (back?.requested.delayMs ?? requested.delayMs);
    const offMs = Math.abs(measured.rttP50Ms - requestedMs);
    const message = `${from} -> ${to}: round trip of ${measured.rttP50Ms.toFixed(2)} ms measured, ${requestedMs.toFixed(2)} ms requested; loss ${measured.lossPercent ?? 'unknown'} % measured, ${requested.lossPercent} % requested`;
    const advice = 'Keep the machine idle; `busbench check` names the next better fabric.';
    const limit = Math.max(0.05 * requestedMs, 1);
    return [
      warn(
        { code: 'WAN_OUT_OF_TOLERANCE', message, advice, value: offMs, limit },
        offMs > Math.max(0.25 * requestedMs, 5),
      ),
    ];
  });
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
      'Counts of a run in which an agent is killed are bounds.',
    ),
  );
  return warnings;
}

/** What is still under way when the window ends (a median response time's worth) is not missing. */
function paceWarnings({ workload, latencyUs }: Unjudged): Warning[] {
  const { offeredPerSecond, achievedPerSecond, measuredMs } = workload;
  if (offeredPerSecond === null || measuredMs === 0) return [];
  const underwayMs = Math.min(measuredMs, (latencyUs.response.p50 ?? 0) / 1e3);
  const limit = 0.95 * offeredPerSecond * (1 - underwayMs / measuredMs);
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

const leftoverCounter = /^messages/i;

/** Counters named `messages...` (ready, unacknowledged) are read after the drain, when queues must be empty. */
function leftoverWarnings({ bus }: Unjudged): Warning[] {
  const left = sum(bus.nodes, ({ counters }) =>
    sum(Object.entries(counters), ([name, count]) => (leftoverCounter.test(name) ? count : 0)),
  );
  return unlessZero(
    'BUS_NOT_EMPTY',
    left,
    `${left} messages were still in the bus after the drain`,
    'A longer drain, or a slower pace, tells slow from stuck.',
  );
}

function ms(valueUs: number): string {
  if (!Number.isFinite(valueUs)) return 'infinite';
  return `${(valueUs / 1e3).toFixed(valueUs < 10_000 ? 2 : 0)} ms`;
}
