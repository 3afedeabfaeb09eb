import type { Evidence } from '../evidence.ts';
import { partsOf } from '../reconcile/parts.ts';
import type { Dist } from '../result.ts';
import { type Finding, type Unjudged, usAsMs, type WarningRule } from './rule.ts';

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
const agentLate: WarningRule = {
  code: 'AGENT_LATE',
  means: 'agents took operations later than they were due: the toolkit itself was too slow',
  advice:
    'Lower the rate, or spread the clients over more sites or machines; keep the machine idle.',
  check({ evidence, result: { latencyUs } }) {
    const { agentDelay, response } = latencyUs;
    const tail = tailQuantiles.find((quantile) => agentDelay[quantile] !== null) ?? 'p50';
    const ordered = evidence.faults.some(
      ({ action, target }) => action === 'pause' && target.startsWith('client.'),
    );
    const { timeoutMs } = evidence.scenario.workload;
    const judge = (quantile: Tail, invalidUs: number): Finding | null =>
      lateness(agentDelay, response, quantile, invalidUs, timeoutMs * 1e3);
    const lateTail = judge(tail, 10_000);
    const late = lateTail?.invalidates ? lateTail : (judge('p50', 1000) ?? lateTail);
    return late === null ? [] : [{ ...late, invalidates: late.invalidates === true && !ordered }];
  },
};

const eventLoopSlow: WarningRule = {
  code: 'EVENT_LOOP_SLOW',
  means: 'the event loop of an agent was blocked',
  advice: 'Spread the peers over more sites or machines, or give the machine less to do.',
  check({ result }) {
    const value = result.toolkit.eventLoopDelayUs.p99;
    const limit = 20_000;
    if (value === null || value <= limit) return [];
    const message = `agents' own 10 ms timer fired ${usAsMs(value)} late (p99): receipt times carry as much`;
    return [{ message, value, limit }];
  },
};

/** A window of which the share of a core that was used can be told, ms. */
const shortestLoadMs = 1_000;

const agentSaturated: WarningRule = {
  code: 'AGENT_SATURATED',
  means: 'an agent used nearly a whole core',
  advice: 'Spread the peers over more sites or machines, or lower the rate.',
  check({ evidence, result }) {
    const busiest = busiestAgent(evidence, result.resources);
    const limit = 90;
    if (busiest === null || busiest.percent < limit) return [];
    // What starting costs is most of a moment, and says nothing of what an agent can bear.
    if (evidence.measuredMs < shortestLoadMs) return [];
    const message = `${busiest.name} used ${busiest.percent.toFixed(0)} % of a core: it may be the limit, not the bus`;
    return [{ message, value: busiest.percent, limit }];
  },
};

const driverDetour: WarningRule = {
  code: 'DRIVER_DETOUR',
  means:
    'a client library differs inside from the one the driver knows, so messages went through its public API: right, and slower',
  advice:
    'Install the versions of package-lock.json (`npm ci`) to measure with less of our own cost.',
  check({ evidence }) {
    const detours = partsOf(evidence, 'collected').flatMap(({ detour }) => detour ?? []);
    const [first] = detours;
    if (first === undefined) return [];
    const message = `${detours.length} agents went through the public API of their library, which costs more CPU: ${first}`;
    return [{ message, value: detours.length, limit: 0 }];
  },
};

const startSkew: WarningRule = {
  code: 'START_SKEW',
  means: 'agents did not start together',
  advice: 'The machine was busy at the start; a longer warm-up hides it from the numbers.',
  check({ result }) {
    const value = result.workload.startSkewUs;
    const limit = 20_000;
    if (value <= limit) return [];
    return [{ message: `agents began ${usAsMs(value)} apart`, value, limit }];
  },
};

/** What the toolkit itself did to the numbers. */
export const agentRules: readonly WarningRule[] = [
  agentLate,
  eventLoopSlow,
  agentSaturated,
  driverDetour,
  startSkew,
];

const tailQuantiles = ['p99', 'p95', 'p90', 'p75', 'p50'] as const;
type Tail = (typeof tailQuantiles)[number];

/** Null when the agents were punctual enough at this quantile. */
function lateness(
  agentDelay: Dist,
  response: Dist,
  quantile: Tail,
  invalidUs: number,
  timeoutUs: number,
): Finding | null {
  const delayUs = agentDelay[quantile];
  const responseUs = response[quantile] ?? timeoutUs;
  if (delayUs === null || delayUs <= Math.max(1000, 0.1 * responseUs)) return null;
  const invalidates = delayUs > Math.max(invalidUs, 0.25 * responseUs);
  const limit = invalidates
    ? Math.max(invalidUs, 0.25 * responseUs)
    : Math.max(1000, 0.1 * responseUs);
  const message = `agents took operations ${usAsMs(delayUs)} late (${quantile}), of ${usAsMs(responseUs)} response time: that part is ours`;
  return { message, value: delayUs, limit, invalidates };
}

/** By the agents' own account of the measuring window, else by what was sampled from outside. */
function busiestAgent(
  evidence: Evidence,
  resources: Unjudged['resources'],
): { readonly name: string; readonly percent: number } | null {
  const own = evidence.parts.flatMap(({ process, part }) => {
    if (part.type !== 'collected' || part.vitals === undefined) return [];
    const { cpuUs } = part.vitals;
    const name = evidence.processes[process]?.playedBy ?? part.process;
    return [{ name, percent: evidence.measuredMs > 0 ? cpuUs / (evidence.measuredMs * 10) : 0 }];
  });
  const sampled = resources.processes
    .filter(({ role }) => role === 'agent')
    .map(({ name, cpuPercentMean }) => ({ name, percent: cpuPercentMean }));
  const all = own.length > 0 ? own : sampled;
  return all.reduce<(typeof all)[number] | null>(
    (most, agent) => (most === null || agent.percent > most.percent ? agent : most),
    null,
  );
}
