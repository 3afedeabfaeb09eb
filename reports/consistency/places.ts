import { hasManyReceivers, patterns } from '../../topologies/patterns.ts';
import { jainIndex } from '../reconcile/fairness.ts';
import { groupBy } from '../reconcile/parts.ts';
import { requestedRttMs, rttToleranceMs } from '../reconcile/wan.ts';
import type { PeerRecord, RunRecord } from '../record.ts';
import type { LinkReport, RunResult } from '../result.ts';
import { isPlain } from './books.ts';
import { type Contradiction, isWhole, type Leaf, same, total, within } from './law.ts';

/** Who served whom adds up to what was served; shares are those of the peers. */
export function* localityLaw({ result, peers }: RunRecord): Generator<Contradiction> {
  const { locality, latencyUs, outcome, scenario } = result;
  const { matrix, localRatio, localRatioMin, localRatioMax, expectedBlind, detoured } = locality;
  const share = [0, 1] as const;
  yield* within(
    'locality.localRatio',
    localRatio,
    [localRatioMin ?? 0, localRatioMax ?? 1],
    'localRatioMin to localRatioMax',
  );
  yield* within('locality.localRatioMin', localRatioMin, share, 'a share');
  yield* within('locality.localRatioMax', localRatioMax, share, 'a share');
  yield* within('locality.expectedBlind', expectedBlind, share, 'a share');
  yield* within('locality.detoured', detoured, [0, localRatio ?? 1], '0 to localRatio');
  yield* within('locality.fairness', locality.fairness, share, 'an index');
  if (latencyUs.negativeSamples > 0) return;
  const served = total(matrix.map(({ count }) => count));
  const [timed, from] = hasManyReceivers(scenario.workload)
    ? [outcome.delivered, 'sum is outcome.delivered']
    : [latencyUs.service.count, 'sum is latencyUs.service.count'];
  // A copy that came to two processes is in the matrix twice.
  const isTold =
    !hasManyReceivers(scenario.workload) || (isWhole(result) && outcome.duplicated === 0);
  if (isTold) yield* same('locality.matrix[*].count', served, timed, from);
  if (peers.length > 0 && isWhole(result)) yield* sharesLaw(result, peers);
}

/** Shares of the operations whose topic has a server at their client's site, and the evenness of the servers. */
function* sharesLaw(result: RunResult, peers: readonly PeerRecord[]): Generator<Contradiction> {
  const { locality, outcome, scenario } = result;
  const servers = groupBy(
    peers.filter(({ role }) => role === 'server'),
    ({ topic }) => topic,
  );
  yield* same(
    'locality.fairness',
    locality.fairness,
    fairnessBy([...servers.values()]),
    'servers of peers.csv',
  );
  const { replies } = patterns[scenario.workload.pattern];
  // What was not done in time was delivered somewhere, too, and only the ledgers knew where.
  if (
    hasManyReceivers(scenario.workload) ||
    (!replies && !(isPlain(outcome) && outcome.late === 0))
  )
    return;
  const shares = peers.flatMap(({ site, topic, completed }) => {
    const ofTopic = servers.get(topic) ?? [];
    const near = ofTopic.filter((server) => server.site === site).length;
    return completed === null || near === 0
      ? []
      : [{ site, completed, blind: near / ofTopic.length }];
  });
  const ratios = [...groupBy(shares, ({ site }) => site)].flatMap(([site, own]) => {
    const done = total(own.map(({ completed }) => completed));
    return done === 0 ? [] : [{ done, local: countOf(locality, site, site) }];
  });
  const done = total(ratios.map((ratio) => ratio.done));
  const orNull = (value: number): number | null => (done === 0 ? null : value);
  const from = 'locality.matrix and the clients of peers.csv';
  const each = ratios.map((ratio) => ratio.local / ratio.done);
  yield* same(
    'locality.localRatio',
    locality.localRatio,
    orNull(total(ratios.map((ratio) => ratio.local)) / done),
    from,
  );
  yield* same('locality.localRatioMin', locality.localRatioMin, orNull(Math.min(...each)), from);
  yield* same('locality.localRatioMax', locality.localRatioMax, orNull(Math.max(...each)), from);
  const blind = total(shares.map((share) => share.completed * share.blind)) / done;
  yield* same(
    'locality.expectedBlind',
    locality.expectedBlind,
    orNull(blind),
    'servers and clients of peers.csv',
  );
}

function countOf({ matrix }: RunResult['locality'], client: string, server: string): number {
  return total(
    matrix.flatMap((p) => (p.client === client && p.server === server ? [p.count] : [])),
  );
}

function fairnessBy(topics: readonly (readonly PeerRecord[])[]): number {
  const indices = topics.flatMap(
    (servers) => jainIndex(servers.map(({ delivered }) => delivered ?? 0)) ?? [],
  );
  return indices.length === 0 ? 0 : total(indices) / indices.length;
}

/** A message that went to several reached all of them, or some were lost. */
export function* fanoutLaw({ result: { fanout, outcome } }: RunRecord): Generator<Contradiction> {
  if (fanout === null) return;
  const { coverageMin, coverageMean } = fanout;
  yield* within('fanout.coverageMin', coverageMin, [0, coverageMean], '0 to coverageMean');
  yield* within('fanout.coverageMean', coverageMean, [coverageMin, 1], 'coverageMin to 1');
  for (const [name, value] of Object.entries(fanout)) {
    if (value === 1 || outcome.lost > 0) continue;
    yield { where: `fanout.${name}`, expected: '1 (outcome.lost 0)', got: String(value) };
  }
  if (outcome.lost > 0 && coverageMin === 1) {
    yield {
      where: 'fanout.coverageMin',
      expected: `below 1 (outcome.lost ${outcome.lost})`,
      got: '1',
    };
  }
}

/** Bytes add up, and a link is judged by what was measured of it. */
export function* wanLaw({ result: { wan, scenario } }: RunRecord): Generator<Contradiction> {
  const { interSiteBytes, totalBytes, interSiteRatio, links } = wan;
  const crossed = wan.traffic.filter(({ from, to }) => from !== to).map(({ bytes }) => bytes);
  // Null where nobody counts: then nothing that follows from it is known either.
  const known = interSiteBytes ?? 0;
  if (interSiteBytes !== null) {
    yield* same('wan.interSiteBytes', interSiteBytes, total(crossed), 'sum of wan.traffic');
  }
  yield* within(
    'wan.totalBytes',
    totalBytes,
    [known, Number.POSITIVE_INFINITY],
    'interSiteBytes and more',
  );
  const isTold = interSiteBytes !== null && totalBytes !== null && totalBytes > 0;
  const ratio = isTold ? interSiteBytes / totalBytes : null;
  yield* same('wan.interSiteRatio', interSiteRatio, ratio, 'interSiteBytes / totalBytes');
  const asked = new Map(scenario.links.map((link) => [`${link.from}>${link.to}`, link]));
  for (const link of links) {
    const own: Readonly<Record<string, unknown>> = { ...asked.get(`${link.from}>${link.to}`) };
    for (const [name, value] of Object.entries(link.requested)) {
      const where = `wan.links.${link.from}>${link.to}.requested.${name}`;
      yield* same(where, value, own[name] as Leaf, 'scenario.links');
    }
    yield* linkLaw(link, links);
  }
}

function* linkLaw(link: LinkReport, links: readonly LinkReport[]): Generator<Contradiction> {
  const { from, to, measured, withinTolerance } = link;
  const { rttMinMs, rttP50Ms, rttP99Ms } = measured;
  const where = `wan.links.${from}>${to}`;
  yield* within(`${where}.rttP50Ms`, rttP50Ms, [rttMinMs, rttP99Ms], 'rttMinMs to rttP99Ms');
  const requestedMs = requestedRttMs(link, links);
  const isNear = Math.abs(rttP50Ms - requestedMs) <= rttToleranceMs(requestedMs);
  // A median that is near may still go with a loss that nobody asked for.
  if (isNear || withinTolerance === false) return;
  const expected = `false (rttP50Ms ${rttP50Ms}, requested ${requestedMs})`;
  yield { where: `${where}.withinTolerance`, expected, got: String(withinTolerance) };
}
