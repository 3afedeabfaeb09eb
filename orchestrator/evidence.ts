import { nowUs } from '../agents/clock.ts';
import type { Evidence, RttSample } from '../reports/evidence.ts';
import type { ProcessReport, RunResult } from '../reports/result.ts';
import type { Observation } from '../reports/warnings/observed.ts';
import type { AgentGroup } from './agents/agent-group.ts';
import type { Bus, NodeCounters } from './buses/bus.ts';
import type { Deployment } from './deployment.ts';
import { describeEnvironment } from './environment.ts';
import type { Observer } from './observer.ts';
import type { Plan } from './plan/plan.ts';
import type { Readiness } from './readiness.ts';
import type { Window } from './window.ts';

/** Everything a bench saw, on its way into one Evidence. */
interface Seen {
  readonly plan: Plan;
  readonly deployment: Deployment;
  readonly agents: AgentGroup;
  /** Indices of the agents that handed over all their parts. */
  readonly collected: ReadonlySet<number>;
  readonly counters: ReadonlyMap<string, NodeCounters>;
  readonly readiness: Readiness;
  readonly window: Window;
  readonly idleBefore: readonly RttSample[];
  readonly idleAfter: readonly RttSample[];
  /** Sentences: which links were looked at how closely. */
  readonly idleNotes: readonly string[];
  readonly startedAt: Date;
  /** The same moment by the monotonic clock, of which all differences are made. */
  readonly startedUs: number;
  /** What the pace was made from; null where the scenario gave it. */
  readonly capacityPerSecond: number | null;
}

/** Puts together what the reports compute the result from. */
export async function assembleEvidence(
  seen: Seen,
  observer: Observer,
  commandLine: readonly string[],
): Promise<Evidence> {
  const { plan, deployment, agents, collected, window } = seen;
  const { fabric, bus } = deployment;
  return {
    scenario: plan.scenario,
    startedAt: seen.startedAt,
    durationMs: Math.round((nowUs() - seen.startedUs) / 1e3),
    clients: plan.clients,
    servers: plan.servers,
    processes: agents.agents.map(({ name, site, role, index, playedBy, recordsLost }) => {
      return { name, site, role, playedBy, collected: collected.has(index) && !recordsLost };
    }),
    parts: observer.parts,
    measuredMs:
      plan.scenario.phases.measure.kind === 'calls'
        ? countedMs(observer, window)
        : window.measuredMs,
    measuredFromMs: Math.round((window.measureUs - seen.startedUs) / 1e3),
    clocks: agents.clocks.seen(),
    wan: {
      fabric: fabric.name,
      limits: [...fabric.limits, ...seen.idleNotes],
      before: seen.idleBefore,
      after: seen.idleAfter,
      traffic: window.traffic.filter(({ from, to }) => from !== to),
      inSiteBytes: fabric.inSiteReason === null ? inSiteBytes(window) : null,
      inSiteReason: fabric.inSiteReason,
      trafficReason: fabric.trafficReason ?? null,
      takenAsTheyAre: fabric.takesLinksAsTheyAre ?? false,
    },
    bus: describeBus(bus, seen),
    topicSites: topicSites(plan, bus),
    resources: [...window.resources, ...toldByAgents(agents, observer, window)],
    faults: window.faults.map(({ endedAtMs, ...fault }) => {
      return { ...fault, endedAtMs: endedAtMs ?? window.measuredMs, mended: endedAtMs !== null };
    }),
    warnings: [...seen.readiness.warnings, ...window.warnings, ...missingParts(seen)],
    environment: describeEnvironment(versions(deployment, observer), commandLine),
    failure: window.failure,
    interrupted: window.interrupted,
  };
}

function describeBus(bus: Bus, { counters, capacityPerSecond, readiness }: Seen): RunResult['bus'] {
  return {
    type: bus.type,
    readyMs: bus.readyMs,
    nodes: bus.nodes.map(({ name, site, version }) => {
      return { name, site, version, counters: { ...counters.get(name) } };
    }),
    ...(bus.unknown !== undefined && { unknown: { ...bus.unknown } }),
    ...(bus.declared !== undefined && { declared: { ...bus.declared } }),
    details: {
      ...bus.details,
      ...readiness.details,
      ...(capacityPerSecond !== null && { capacityPerSecond }),
    },
  };
}

function topicSites(plan: Plan, bus: Bus): (string | null)[] {
  return plan.receivers.map((_, topic) => bus.topicSite(topic));
}

function inSiteBytes(window: Window): number {
  const inside = window.traffic.filter(({ from, to }) => from === to);
  return inside.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** A counted window lasts until its last operation ended, wherever that was. */
function countedMs(observer: Observer, window: Window): number {
  let lastUs = 0;
  for (const { part } of observer.parts) {
    if (part.type === 'collected') lastUs = Math.max(lastUs, part.lastEndUs ?? 0);
  }
  return lastUs > 0 ? lastUs / 1e3 : window.measuredMs;
}

function versions({ fabric, bus }: Deployment, observer: Observer): Record<string, string> {
  const all: Record<string, string> = { ...fabric.environment };
  for (const node of bus.nodes) all[bus.type] = node.version;
  for (const { part } of observer.parts) {
    if (part.type === 'collected') Object.assign(all, part.versions);
  }
  return all;
}

/** What agents say they used of their machines, where nobody could look. */
function toldByAgents(
  { agents }: AgentGroup,
  { parts }: Observer,
  { measuredMs }: Window,
): readonly ProcessReport[] {
  return agents
    .filter(({ host }) => host.samples === false)
    .flatMap(({ index, name, site }) =>
      parts.flatMap(({ process, part }) => {
        if (process !== index || part.type !== 'collected' || part.vitals === undefined) return [];
        const { cpuUs, rssMaxBytes, sockets } = part.vitals;
        const cpuPercentMean = measuredMs > 0 ? (100 * cpuUs) / 1e3 / measuredMs : 0;
        const used = { cpuSeconds: cpuUs / 1e6, cpuPercentMean, rssMaxBytes, socketsMax: sockets };
        return [{ role: 'agent' as const, name, site, ...used }];
      }),
    );
}

function missingParts({ agents, collected }: Seen): Observation[] {
  const missing = agents.agents.filter((a) => !collected.has(a.index) && !a.endedByFault);
  if (missing.length === 0) return [];
  return [
    {
      code: 'AGENT_MISSING',
      message: `no results from ${missing.map((agent) => agent.name).join(', ')}: what only they knew is unknown`,
      value: missing.length,
      limit: 0,
      invalidates: true,
    },
  ];
}
