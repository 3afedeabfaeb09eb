import type { ResolvedScenario } from '../topologies/scenario.ts';

/** What a run leaves behind as `result.json`. Fixed by the contract: add, never change. */
export interface RunResult {
  schema: 'busbench/result/1';
  name: string;
  startedAt: string;
  durationMs: number;
  scenario: ResolvedScenario;
  verdict: Verdict;
  workload: {
    pattern: string;
    clients: number;
    servers: number;
    topics: number;
    /** Mean of the configured distribution, bytes. */
    bodyBytes: number;
    offeredPerSecond: number | null;
    /** Operations done inside the window by its length. */
    achievedPerSecond: number;
    measuredMs: number;
    /** From `startedAt` to the start of measuring: where second 0 of every interval lies. */
    measuredFromMs: number;
    startSkewUs: number;
  };
  outcome: {
    due: number;
    sent: number;
    completed: number;
    failedTotal: number;
    failed: Record<string, number>;
    delivered: number;
    expectedDeliveries: number;
    late: number;
    lost: number;
    lostReplies: number;
    duplicated: number;
    redelivered: number;
    reordered: number;
    unroutable: number;
    unknown: number;
  };
  latencyUs: {
    response: Dist;
    service: Dist;
    agentDelay: Dist;
    busDelay: Dist;
    accepted: Dist | null;
    requestLeg: Dist | null;
    hold: Dist | null;
    replyLeg: Dist | null;
    fanoutFirst: Dist | null;
    fanoutLast: Dist | null;
    /** Time from the loss of a connection to its return; null when none was lost. */
    reconnect: Dist | null;
    clockUncertaintyUs: number;
    negativeSamples: number;
  };
  fanout: { coverageMin: number; coverageMean: number } | null;
  locality: {
    localRatio: number | null;
    localRatioMin: number | null;
    localRatioMax: number | null;
    expectedBlind: number | null;
    detoured: number | null;
    fairness: number;
    /** Service time of the pair's operations. */
    matrix: {
      client: string;
      server: string;
      count: number;
      p50Us: number | null;
      p99Us: number | null;
    }[];
    excess: { site: string; p50Us: number | null; p99Us: number | null }[];
  };
  wan: {
    fabric: string;
    limits: string[];
    links: LinkReport[];
    /** From the start of measuring to the end of the drain. `packets` as the network passed them on, segments of one send as one; null where there are no packets. */
    traffic: { from: string; to: string; bytes: number; packets: number | null }[];
    interSiteBytes: number;
    totalBytes: number | null;
    interSiteRatio: number | null;
    /** Why totalBytes and interSiteRatio are null; null when they are not. */
    interSiteRatioReason: string | null;
  };
  bus: {
    type: string;
    readyMs: number;
    nodes: { name: string; site: string; version: string; counters: Record<string, number> }[];
    /** Where the time to readiness went, and what else the bus measured of itself, by name, ms or counts. */
    details: Record<string, number>;
  };
  resources: { processes: ProcessReport[] };
  toolkit: { agentCpuUsPerOperation: number; eventLoopDelayUs: Dist };
  faults: FaultReport[];
  /** The same by entry of the scenario's `faults`: `each: bus-node` is one row here and one a node there. */
  faultGroups: FaultGroupReport[];
  environment: {
    node: string;
    os: string;
    kernel: string;
    cpu: string;
    cores: number;
    memoryBytes: number;
    versions: Record<string, string>;
    commandLine: string[];
  };
}

export interface Verdict {
  status: 'ok' | 'expectation-missed' | 'invalid' | 'failed' | 'interrupted';
  warnings: Warning[];
  expectations: { expression: string; actual: number | null; met: boolean }[];
  /** What ended the run when status is failed or interrupted; null otherwise. */
  failure: { code: string; message: string; hint: string } | null;
}

/** `invalidates`: the numbers are not to be trusted (exit 4). */
export interface Warning {
  code: string;
  message: string;
  advice: string;
  value: number;
  limit: number;
  invalidates: boolean;
}

export interface LinkReport {
  from: string;
  to: string;
  requested: { delayMs: number; jitterMs: number; lossPercent: number; rateMbps: number | null };
  measured: { rttMinMs: number; rttP50Ms: number; rttP99Ms: number; lossPercent: number | null };
  withinTolerance: boolean | null;
}

export interface ProcessReport {
  role: 'bus' | 'agent' | 'fabric' | 'orchestrator';
  name: string;
  site: string;
  cpuSeconds: number;
  cpuPercentMean: number;
  rssMaxBytes: number;
  socketsMax: number;
}

export interface FaultReport {
  action: string;
  target: string;
  startedAtMs: number;
  endedAtMs: number;
  failedDuring: Record<string, number>;
  firstFailureMs: number | null;
  firstSuccessAfterMs: number | null;
  recoveredMs: number | null;
  /** Which entry of the scenario's `faults` it was part of, from 0. */
  entry: number;
  /** Healed, respawned or reconnected before the window ended; else `endedAtMs` is that end. */
  mended: boolean;
  /** Messages due in the seconds of `failedDuring` that were lost, that were delivered more than once. */
  lost: number;
  duplicated: number;
  /** Connections lost in these seconds that came back, and how long that took. */
  reconnect: Times | null;
}

/** All that one entry of the scenario's `faults` did, from its beginning until all was well, or the next entry began. */
export interface FaultGroupReport {
  entry: number;
  action: string;
  /** `each bus-node`, or the one target. */
  target: string;
  /** Things that it broke. */
  count: number;
  startedAtMs: number;
  endedAtMs: number;
  failed: Record<string, number>;
  lost: number;
  duplicated: number;
  /** From breaking each to its being mended, respawned or reconnected. */
  mending: Times | null;
  /** `recoveredMs` of those that recovered. */
  recovery: Times | null;
  reconnect: Times | null;
}

/** How often something took a while, and how long. */
export interface Times {
  count: number;
  p50Ms: number;
  maxMs: number;
}

/** Microseconds; null when empty, or when a quantile cannot be known (docs/measurement.md). */
export interface Dist {
  count: number;
  min: number | null;
  mean: number | null;
  stddev: number | null;
  p50: number | null;
  p75: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
  p999: number | null;
  p9999: number | null;
  max: number | null;
  /** HdrHistogram V2 compressed, base64, 3 significant digits. */
  hdr: string;
  /** Operations that failed and rank as infinite: with them, a null quantile above `count` means "> timeout". */
  failed: number;
}
