import type { HistogramPart } from '../../agents/protocol.ts';
import { patterns } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import { mergeSamples, quantileUs } from './dist.ts';
import { processOf } from './parts.ts';

/** How wrong a time may be that begins in one process and ends in another, µs. */
export interface PairErrors {
  readonly boundUs: number;
  readonly spreadUs: number;
}

const exact: PairErrors = { boundUs: 0, spreadUs: 0 };

/** Nothing where both read one clock; else what is unknown of each adds up. */
function errorsBetween({ clocks }: Evidence, a: number, b: number): PairErrors {
  const [one, other] = [clocks[a], clocks[b]];
  if (one === undefined || other === undefined || one.clock === other.clock) return exact;
  return {
    boundUs: one.boundUs + other.boundUs,
    spreadUs: one.spreadUs + other.spreadUs,
  };
}

/**
 * The worst of a part's one-way times. Calls are timed by their clients against the servers' clocks; what has no way
 * back by the servers, against the clients'.
 */
function errorsBySite(evidence: Evidence): (process: number, part: HistogramPart) => PairErrors {
  const { replies } = patterns[evidence.scenario.workload.pattern];
  const peers = replies ? evidence.servers : evidence.clients;
  const indices = new Map(evidence.processes.map(({ name }, index) => [name, index]));
  const bySite = new Map<number, Set<number>>();
  for (const { site, name } of peers) {
    const index = indices.get(processOf(name));
    if (index === undefined) continue;
    const others = bySite.get(site) ?? new Set();
    bySite.set(site, others.add(index));
  }
  return (process, part) => {
    const others = bySite.get((replies ? part.serverSite : part.clientSite) ?? -1) ?? [];
    return [...others].reduce(
      (worst, other) => worse(worst, errorsBetween(evidence, process, other)),
      exact,
    );
  };
}

function worse(a: PairErrors, b: PairErrors): PairErrors {
  return {
    boundUs: Math.max(a.boundUs, b.boundUs),
    spreadUs: Math.max(a.spreadUs, b.spreadUs),
  };
}

/** One-way times of one process with peers of one site, and how wrong they may be. */
interface OneWay {
  readonly part: HistogramPart;
  readonly errors: PairErrors;
}

/** The legs of all processes, each judged by the clocks that it crosses. */
export function oneWayTimes(
  evidence: Evidence,
  kind: 'requestLeg' | 'replyLeg',
): readonly OneWay[] {
  const errorsOf = errorsBySite(evidence);
  return evidence.parts.flatMap(({ process, part }) =>
    part.type === 'histogram' && part.kind === kind
      ? [{ part, errors: errorsOf(process, part) }]
      : [],
  );
}

/** The worst that any time between two processes of this run may be wrong by. */
export function clockErrors(evidence: Evidence): PairErrors {
  return oneWayTimes(evidence, 'requestLeg').reduce(
    (worst, { errors }) => worse(worst, errors),
    exact,
  );
}

/** The largest share of its own median that one-way times of some process may be wrong by; 0 where there are none. */
export function worstShare(times: readonly OneWay[]): number {
  return Math.max(0, ...times.map(shareOf));
}

function shareOf({ part, errors }: OneWay): number {
  if (errors.spreadUs === 0) return 0;
  const medianUs = quantileUs(mergeSamples([part]), 0, 5000, 0);
  return medianUs === null ? Number.POSITIVE_INFINITY : errors.spreadUs / medianUs;
}

/** A leg that may be wrong by more of its median than this is unknown. */
export const legErrorMax = 0.1;
