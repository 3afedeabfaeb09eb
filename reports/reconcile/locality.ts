import type { PeerRow, ServerPeer } from '../../agents/protocol.ts';
import { hasManyReceivers, patterns } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import type { RunResult } from '../result.ts';
import type { Account } from './accounts.ts';
import { legErrorMax, oneWayTimes, worstShare } from './clocks.ts';
import { quantileUs } from './dist.ts';
import { fairnessOf } from './fairness.ts';
import type { Latencies } from './latency.ts';
import { failuresOf } from './outcome.ts';
import { groupBy, siteName, sum } from './parts.ts';
import { idleRttMs } from './wan.ts';

/** How near to the callers operations were served. */
export function localityOf(
  evidence: Evidence,
  accounts: readonly Account[],
  rows: readonly PeerRow[],
  latencies: Latencies,
): RunResult['locality'] {
  const shares = hasManyReceivers(evidence.scenario.workload)
    ? []
    : localShares(evidence, accounts, rows);
  const perSite = [...groupBy(shares, ({ site }) => site).values()].flatMap((group) => {
    const ratio = ratioOf(group, ({ local }) => local);
    return ratio === null ? [] : [ratio];
  });
  // Of several receivers each has its own way; only the last one's is the service time.
  const kind = hasManyReceivers(evidence.scenario.workload) ? 'transit' : 'service';
  return {
    localRatio: ratioOf(shares, ({ local }) => local),
    localRatioMin: perSite.length === 0 ? null : Math.min(...perSite),
    localRatioMax: perSite.length === 0 ? null : Math.max(...perSite),
    expectedBlind: ratioOf(shares, ({ operations, blind }) => operations * blind),
    detoured: detouredOf(evidence, shares),
    fairness: fairnessOf(evidence, rows),
    matrix: matrixOf(evidence, kind, latencies),
    excess: excessOf(evidence, accounts, latencies),
  };
}

function matrixOf(
  evidence: Evidence,
  kind: 'service' | 'transit',
  latencies: Latencies,
): RunResult['locality']['matrix'] {
  const isKnown = {
    requestLeg: knownPairs(evidence, 'requestLeg'),
    replyLeg: knownPairs(evidence, 'replyLeg'),
  };
  return latencies.pairs(kind).map((pair) => {
    const samples = latencies.of(kind, pair);
    const legOf = (leg: 'requestLeg' | 'replyLeg'): number | null =>
      isKnown[leg](pair) ? quantileUs(latencies.of(leg, pair), 0, 5000) : null;
    return {
      client: siteName(evidence, pair.clientSite),
      server: siteName(evidence, pair.serverSite),
      count: samples.histogram.totalCount,
      p50Us: quantileUs(samples, 0, 5000),
      p99Us: quantileUs(samples, 0, 9900),
      requestLegP50Us: legOf('requestLeg'),
      replyLegP50Us: legOf('replyLeg'),
    };
  });
}

/** Do the clocks that the legs of a pair cross tell them? Where there are none, there is nothing to know. */
function knownPairs(
  evidence: Evidence,
  leg: 'requestLeg' | 'replyLeg',
): (pair: { readonly clientSite: number; readonly serverSite: number }) => boolean {
  const ofPair = groupBy(
    oneWayTimes(evidence, leg),
    ({ part }) => `${part.clientSite} ${part.serverSite}`,
  );
  return ({ clientSite, serverSite }) =>
    worstShare(ofPair.get(`${clientSite} ${serverSite}`) ?? []) <= legErrorMax;
}

/** Operations of one client whose topic has a server at the client's site, and who served them. */
interface LocalShare {
  readonly site: number;
  readonly topic: number;
  /** Operations known to have been served somewhere: where the others would have been is not known. */
  readonly operations: number;
  readonly local: number;
  /** Share of the topic's servers that are at the client's site: what uniformly random choice would serve locally. */
  readonly blind: number;
}

function localShares(
  evidence: Evidence,
  accounts: readonly Account[],
  rows: readonly PeerRow[],
): LocalShare[] {
  const { replies } = patterns[evidence.scenario.workload.pattern];
  const clients = new Map(rows.filter((r) => r.role === 'client').map((r) => [r.index, r]));
  const byTopic = groupBy(evidence.servers, ({ topic }) => topic);
  return accounts.flatMap(({ peer, completed, deliveries }) => {
    const { site, topic } = peer;
    const servers = byTopic.get(topic) ?? [];
    const near = servers.filter((server) => server.site === site).length;
    if (near === 0) return [];
    const blind = near / servers.length;
    return replies
      ? [{ site, topic, operations: completed, local: clients.get(peer.index)?.local ?? 0, blind }]
      : [{ site, topic, operations: deliveries.delivered, local: deliveries.local, blind }];
  });
}

function ratioOf(
  shares: readonly LocalShare[],
  amountOf: (share: LocalShare) => number,
): number | null {
  const operations = sum(shares, (share) => share.operations);
  return operations === 0 ? null : sum(shares, amountOf) / operations;
}

/**
 * Share of the same operations as localRatio's that were served at the client's site though the node that serves
 * their topic (the queue leader) is elsewhere; null where the bus has no such node or it is not known.
 */
function detouredOf(evidence: Evidence, shares: readonly LocalShare[]): number | null {
  const { topicSites } = evidence;
  if (topicSites === undefined) return null;
  if (shares.some(({ topic }) => (topicSites[topic] ?? null) === null)) return null;
  return ratioOf(shares, ({ local, site, topic }) =>
    topicSites[topic] === siteName(evidence, site) ? 0 : local,
  );
}

/**
 * Transit of a site's calls (service less hold, failed ones infinite) less the idle round trip to the nearest site
 * with a server of their topic. Null for the other patterns, which have no way back; where that round trip was
 * not measured; and where topics of one site have their nearest servers at different distances.
 */
function excessOf(
  evidence: Evidence,
  accounts: readonly Account[],
  latencies: Latencies,
): RunResult['locality']['excess'] {
  const { replies } = patterns[evidence.scenario.workload.pattern];
  return [...groupBy(accounts, ({ peer }) => peer.site)]
    .sort(([a], [b]) => a - b)
    .map(([clientSite, group]) => {
      const site = siteName(evidence, clientSite);
      const topics = new Set(group.map(({ peer }) => peer.topic));
      const nearestMs = new Set([...topics].map((topic) => nearestServerMs(evidence, site, topic)));
      const [rttMs = null] = nearestMs;
      if (!replies || rttMs === null || nearestMs.size > 1)
        return { site, p50Us: null, p99Us: null };
      const transit = latencies.of('transit', { clientSite });
      const failed = sum(group.map(failuresOf), ({ all, unsent }) => all - unsent);
      const beyond = (parts: number): number | null => {
        const valueUs = quantileUs(transit, failed, parts);
        return valueUs === null ? null : valueUs - rttMs * 1e3;
      };
      return { site, p50Us: beyond(5000), p99Us: beyond(9900) };
    });
}

function nearestServerMs(evidence: Evidence, site: string, topic: number): number | null {
  const isOfTopic = (server: ServerPeer): boolean => server.topic === topic;
  const sites = new Set(evidence.servers.filter(isOfTopic).map((s) => siteName(evidence, s.site)));
  if (sites.has(site)) return 0;
  // A pair that was not measured might be the nearest one, unless it was asked to be farther.
  const distances = [...sites].map((other) => {
    const measuredMs = idleRttMs(evidence, site, other);
    return { measuredMs, rttMs: measuredMs ?? requestedMs(evidence, site, other) };
  });
  const [first] = distances;
  if (first === undefined) return null;
  return distances.reduce((a, b) => (b.rttMs < a.rttMs ? b : a), first).measuredMs;
}

/** The round trip that the scenario asks for between two sites. */
function requestedMs({ scenario }: Evidence, a: string, b: string): number {
  const both = scenario.links.filter(
    ({ from, to }) => (from === a && to === b) || (from === b && to === a),
  );
  return sum(both, ({ delayMs }) => delayMs);
}
