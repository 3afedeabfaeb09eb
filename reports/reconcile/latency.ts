import type { HistogramPart, PairKind, ProcessKind, SiteKind } from '../../agents/protocol.ts';
import { hasManyReceivers } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import type { Dist, RunResult } from '../result.ts';
import type { Account } from './accounts.ts';
import { clockErrors, legErrorMax, oneWayTimes, worstShare } from './clocks.ts';
import { distOf, emptyHistogram, mergeSamples, type Samples } from './dist.ts';
import { failuresOf } from './outcome.ts';
import { groupBy, partsOf, sum } from './parts.ts';

/** What can be asked of the histograms of a run: those of the agents, and those of arrivals at several receivers. */
export type LatencyKind = PairKind | SiteKind | ProcessKind | 'fanoutFirst' | 'fanoutLast';

interface LatencyQuery {
  readonly clientSite?: number;
  readonly serverSite?: number;
}

/** All latencies of a run; `of` merges whatever matches. */
export interface Latencies {
  of(kind: LatencyKind, query?: LatencyQuery): Samples;
  /** Site pairs with samples of a kind, in the order of the sites. */
  pairs(kind: PairKind): readonly { readonly clientSite: number; readonly serverSite: number }[];
  readonly negativeSamples: number;
}

/** Histograms of all agents. Where messages have several receivers, nobody but us can tell when one was done. */
export function openLatencies(evidence: Evidence, accounts: readonly Account[]): Latencies {
  const parts = partsOf(evidence, 'histogram');
  const ofKind = groupBy<HistogramPart, LatencyKind>(parts, ({ kind }) => kind);
  const ofPair = groupBy(parts, pairKey);
  const arrivals = hasManyReceivers(evidence.scenario.workload) ? arrivalSamples(accounts) : null;
  return {
    of: (kind, query = {}) => {
      const own = query.serverSite === undefined ? arrivals?.get(kind) : undefined;
      if (own !== undefined) return mergeArrivals(own, query);
      // Of many sites there are thousands of pairs: no query may go through all of them.
      const some = isPair(query) ? ofPair.get(pairKey({ kind, ...query })) : ofKind.get(kind);
      return mergeSamples((some ?? []).filter((part) => matches(part, query)));
    },
    pairs: (kind) => pairsOf(ofKind.get(kind) ?? []),
    negativeSamples:
      sum(parts, (part) => part.negative) +
      sum(arrivals?.get('fanoutLast')?.values() ?? [], (samples) => samples.negative),
  };
}

function isPair(query: LatencyQuery): query is Required<LatencyQuery> {
  return query.clientSite !== undefined && query.serverSite !== undefined;
}

interface LatencyPlace {
  readonly kind: LatencyKind;
  readonly clientSite: number | null;
  readonly serverSite: number | null;
}

function pairKey({ kind, clientSite, serverSite }: LatencyPlace): string {
  return `${kind} ${clientSite} ${serverSite}`;
}

function matches(part: HistogramPart, { clientSite, serverSite }: LatencyQuery): boolean {
  if (clientSite !== undefined && part.clientSite !== clientSite) return false;
  return serverSite === undefined || part.serverSite === serverSite;
}

function pairsOf(
  parts: readonly HistogramPart[],
): { readonly clientSite: number; readonly serverSite: number }[] {
  const pairs = new Map<string, { clientSite: number; serverSite: number }>();
  for (const { clientSite, serverSite } of parts) {
    if (clientSite === null || serverSite === null) continue;
    pairs.set(`${clientSite} ${serverSite}`, { clientSite, serverSite });
  }
  return [...pairs.values()].sort(
    (a, b) => a.clientSite - b.clientSite || a.serverSite - b.serverSite,
  );
}

type BySite = ReadonlyMap<number, Samples>;

/** Times of messages with several receivers, µs after due but for service, by kind and client site. */
function arrivalSamples(accounts: readonly Account[]): ReadonlyMap<LatencyKind, BySite> {
  const recorders = ['response', 'service', 'fanoutFirst', 'fanoutLast'] as const;
  const all = new Map(recorders.map((kind) => [kind, new Map<number, Recording>()]));
  const record = (kind: (typeof recorders)[number], site: number, valueUs: number): void => {
    const sites = all.get(kind);
    let recording = sites?.get(site);
    if (recording === undefined) {
      recording = { histogram: emptyHistogram(), negative: 0 };
      sites?.set(site, recording);
    }
    if (valueUs < 0) recording.negative++;
    else recording.histogram.recordValue(Math.round(valueUs));
  };
  for (const { peer, arrived } of accounts) {
    for (const { completed, sentUs, firstUs, lastUs } of arrived) {
      record('fanoutFirst', peer.site, firstUs);
      record('fanoutLast', peer.site, lastUs);
      if (!completed) continue;
      record('response', peer.site, lastUs);
      record('service', peer.site, lastUs - sentUs);
    }
  }
  return all;
}

interface Recording extends Samples {
  negative: number;
}

function mergeArrivals(bySite: BySite, { clientSite }: LatencyQuery): Samples {
  const histogram = emptyHistogram();
  let negative = 0;
  for (const [site, samples] of bySite) {
    if (clientSite !== undefined && site !== clientSite) continue;
    histogram.add(samples.histogram);
    negative += samples.negative;
  }
  return { histogram, negative };
}

/**
 * The latencies of a result. A failed operation ranks as infinite in whatever it took part in: response (every one
 * due), service (every one sent), busDelay (the ones never sent), accepted (sent, never confirmed), fanoutFirst
 * and fanoutLast (arrived nowhere). Legs and hold are of completed calls alone.
 */
export function latencyOf(
  evidence: Evidence,
  accounts: readonly Account[],
  latencies: Latencies,
): RunResult['latencyUs'] {
  const failures = accounts.map(failuresOf);
  const failed = sum(failures, ({ all }) => all);
  const unsent = sum(failures, ({ unsent: never }) => never);
  const due = sum(accounts, (account) => account.due);
  const sent = sum(accounts, (account) => account.sent);
  const optional = (kind: LatencyKind, population: number): Dist | null => {
    const samples = latencies.of(kind);
    const count = samples.histogram.totalCount + samples.negative;
    return count === 0 ? null : distOf(samples, Math.max(0, population - count));
  };
  const leg = (kind: 'requestLeg' | 'replyLeg'): Dist | null => {
    const times = oneWayTimes(evidence, kind);
    const isKnown = times.length > 0 && worstShare(times) <= legErrorMax;
    return isKnown ? distOf(latencies.of(kind)) : null;
  };
  const { boundUs, spreadUs } = clockErrors(evidence);
  const many = hasManyReceivers(evidence.scenario.workload);
  return {
    response: distOf(latencies.of('response'), failed),
    service: distOf(latencies.of('service'), failed - unsent),
    agentDelay: distOf(latencies.of('agentDelay')),
    busDelay: distOf(latencies.of('busDelay'), unsent),
    accepted: optional('accepted', sent),
    requestLeg: leg('requestLeg'),
    hold: optional('hold', 0),
    replyLeg: leg('replyLeg'),
    fanoutFirst: many ? optional('fanoutFirst', due) : null,
    fanoutLast: many ? optional('fanoutLast', due) : null,
    reconnect: optional('reconnect', 0),
    clockUncertaintyUs: spreadUs,
    clockBoundUs: boundUs,
    negativeSamples: latencies.negativeSamples,
  };
}
