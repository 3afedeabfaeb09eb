import type { HistogramPart } from '../../agents/protocol.ts';
import type { Evidence } from '../evidence.ts';
import { mergeSamples, quantileUs } from '../reconcile/dist.ts';
import { groupBy, partsOf, siteName } from '../reconcile/parts.ts';
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
    if (late === null) return [];
    const message = `${late.message}${latestSites(evidence)}`;
    return [{ ...late, message, invalidates: late.invalidates === true && !ordered }];
  },
};

const eventLoopSlow: WarningRule = {
  code: 'EVENT_LOOP_SLOW',
  means: 'the event loop of an agent was blocked',
  advice: 'Spread the peers over more sites or machines, or give the machine less to do.',
  check({ evidence, result }) {
    const value = result.toolkit.eventLoopDelayUs.p99;
    const limit = 20_000;
    if (value === null || value <= limit) return [];
    const message = `agents' own 10 ms timer fired ${usAsMs(value)} late (p99${slowestLoop(evidence)}): receipt times carry as much`;
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
    const detours = partsOf(evidence, 'collected').flatMap(({ process, detour }) =>
      detour === undefined ? [] : [{ process, detour }],
    );
    const [first] = detours;
    if (first === undefined) return [];
    const who = detours.map(({ process }) => process).join(', ');
    const message = `${detours.length} agents (${who}) went through the public API of their library, which costs more CPU: ${first.detour}`;
    return [{ message, value: detours.length, limit: 0 }];
  },
};

const startSkew: WarningRule = {
  code: 'START_SKEW',
  means: 'agents did not start together',
  advice: 'The machine was busy at the start; a longer warm-up hides it from the numbers.',
  check({ evidence, result }) {
    const value = result.workload.startSkewUs;
    const limit = 20_000;
    if (value <= limit) return [];
    const begun = partsOf(evidence, 'collected').sort(
      (a, b) => b.startLatenessUs - a.startLatenessUs,
    );
    const last = begun[0] === undefined ? '' : `, ${begun[0].process} last`;
    return [{ message: `agents began ${usAsMs(value)} apart${last}`, value, limit }];
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

/** Which clients were the latest, where those of several sites were: `; the latest are those at lyon (p99 12.3 ms)`. */
function latestSites(evidence: Evidence): string {
  const bySite = groupBy(
    partsOf(evidence, 'histogram').filter(({ kind }) => kind === 'agentDelay'),
    ({ clientSite }) => clientSite,
  );
  const worst = slowest(
    [...bySite].map(([site, parts]) => [siteName(evidence, site ?? -1), parts]),
  );
  return bySite.size < 2 || worst === null
    ? ''
    : `; the latest are clients at ${worst.name} (p99 ${usAsMs(worst.p99Us)})`;
}

/** The process whose timer was the latest. */
function slowestLoop({ parts, processes }: Evidence): string {
  const loops = parts.flatMap(({ process, part }) =>
    part.type === 'histogram' && part.kind === 'eventLoopDelay' ? [{ process, part }] : [],
  );
  const byProcess = groupBy(loops, ({ process }) => processes[process]?.name ?? '');
  const worst = slowest([...byProcess].map(([name, own]) => [name, own.map(({ part }) => part)]));
  return worst === null || worst.name === '' ? '' : `, ${worst.name} ${usAsMs(worst.p99Us)}`;
}

/** By rank alone: a name is told, not a number that is judged. */
function slowest(
  named: readonly (readonly [name: string, parts: readonly HistogramPart[]])[],
): { readonly name: string; readonly p99Us: number } | null {
  return named.reduce<{ name: string; p99Us: number } | null>((most, [name, parts]) => {
    const p99Us = quantileUs(mergeSamples(parts), 0, 9900, 0);
    return p99Us === null || (most !== null && most.p99Us >= p99Us) ? most : { name, p99Us };
  }, null);
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
