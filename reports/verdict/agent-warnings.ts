import type { Evidence } from '../evidence.ts';
import { partsOf } from '../reconcile/parts.ts';
import type { Dist, Warning } from '../result.ts';
import { type Unjudged, usAsMs, warn } from './warning.ts';

/**
 * agentDelay is the one delay that is ours, so it alone may make a run invalid, and only when it is both large and a
 * large part of what is reported. Two rules: the tail (p99, or the highest quantile known) above 10 ms and a quarter
 * of the same quantile of the response time; the median above 1 ms and a quarter of the median response. Below
 * 10 ms, garbage collection and a stolen time slice on a small shared machine would fail good runs now and then; a
 * median that is late by more than 1 ms is no accident but an agent with too much to do. It warns from 1 ms and a
 * tenth on. Where the response quantile lies among failures it counts as the timeout: agents that are late enough make
 * operations fail, and must not be excused by it. When a fault paused a client's own process, that delay was ordered
 * and never invalidates.
 */
export function agentWarnings(
  evidence: Evidence,
  { latencyUs, toolkit, resources, workload }: Unjudged,
): Warning[] {
  const warnings: Warning[] = [];
  const { agentDelay, response } = latencyUs;
  const tail = tailQuantiles.find((quantile) => agentDelay[quantile] !== null) ?? 'p50';
  const ordered = evidence.faults.some(
    ({ action, target }) => action === 'pause' && target.startsWith('client.'),
  );
  const { timeoutMs } = evidence.scenario.workload;
  const judge = (quantile: Tail, invalidUs: number): Warning | null =>
    lateness(agentDelay, response, quantile, invalidUs, timeoutMs * 1e3);
  const lateTail = judge(tail, 10_000);
  const late = lateTail?.invalidates ? lateTail : (judge('p50', 1000) ?? lateTail);
  if (late !== null) warnings.push({ ...late, invalidates: late.invalidates && !ordered });
  const loopUs = toolkit.eventLoopDelayUs.p99;
  if (loopUs !== null && loopUs > 20_000) {
    warnings.push(
      warn({
        code: 'EVENT_LOOP_SLOW',
        message: `agents' own 10 ms timer fired ${usAsMs(loopUs)} late (p99): receipt times carry as much`,
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
        message: `agents began ${usAsMs(workload.startSkewUs)} apart`,
        advice: 'The machine was busy at the start; a longer warm-up hides it from the numbers.',
        value: workload.startSkewUs,
        limit: 20_000,
      }),
    );
  }
  return warnings;
}

const tailQuantiles = ['p99', 'p95', 'p90', 'p75', 'p50'] as const;
type Tail = (typeof tailQuantiles)[number];

/** Null when the agents were punctual enough at this quantile. */
function lateness(
  agentDelay: Dist,
  response: Dist,
  quantile: Tail,
  invalidUs: number,
  timeoutUs: number,
): Warning | null {
  const delayUs = agentDelay[quantile];
  const responseUs = response[quantile] ?? timeoutUs;
  if (delayUs === null || delayUs <= Math.max(1000, 0.1 * responseUs)) return null;
  const invalidates = delayUs > Math.max(invalidUs, 0.25 * responseUs);
  const limit = invalidates
    ? Math.max(invalidUs, 0.25 * responseUs)
    : Math.max(1000, 0.1 * responseUs);
  return {
    code: 'AGENT_LATE',
    message: `agents took operations ${usAsMs(delayUs)} late (${quantile}), of ${usAsMs(responseUs)} response time: that part is ours`,
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
  const own = partsOf(evidence, 'collected').map((part) => ({
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
