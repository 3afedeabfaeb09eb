import { type Link, type LinkShape, linkShape } from '../../topologies/topology.ts';
import type { Evidence, RttSample } from '../evidence.ts';
import type { LinkReport, RunResult } from '../result.ts';
import { groupBy, sum } from './parts.ts';

/** The network that was asked for beside the one that was measured, and the bytes it carried. */
export function wanOf(evidence: Evidence): RunResult['wan'] {
  const { fabric, limits, before, after, traffic, inSiteBytes, inSiteReason } = evidence.wan;
  const { trafficReason = null, takenAsTheyAre = false } = evidence.wan;
  const { links } = evidence.scenario;
  const crossed = traffic.filter(({ from, to }) => from !== to);
  const interSiteBytes = trafficReason === null ? sum(crossed, ({ bytes }) => bytes) : null;
  const totalBytes =
    inSiteBytes === null || interSiteBytes === null ? null : interSiteBytes + inSiteBytes;
  const ratio =
    totalBytes === null || totalBytes === 0 || interSiteBytes === null
      ? null
      : interSiteBytes / totalBytes;
  const reason = totalBytes === null ? (trafficReason ?? inSiteReason) : 'nothing was sent';
  return {
    fabric,
    limits: [...limits],
    links: linkReports(links, before, after).map((report) =>
      takenAsTheyAre && isUnasked(report.requested) ? { ...report, withinTolerance: null } : report,
    ),
    traffic: traffic.map(({ from, to, bytes, packets }) => ({ from, to, bytes, packets })),
    interSiteBytes,
    totalBytes,
    interSiteRatio: ratio,
    interSiteRatioReason:
      ratio === null ? (reason ?? 'the fabric does not count bytes in a site') : null,
  };
}

function isUnasked({ delayMs, jitterMs, lossPercent, rateMbps }: LinkShape): boolean {
  return delayMs === 0 && jitterMs === 0 && lossPercent === 0 && rateMbps === null;
}

/** Idle round trip between two sites in either direction, the least seen before the run; 0 within a site, null unmeasured. */
export function idleRttMs(evidence: Evidence, a: string, b: string): number | null {
  if (a === b) return 0;
  const samples = evidence.wan.before.filter(
    (sample) => joins(sample, a, b) || joins(sample, b, a),
  );
  return samples.length === 0 ? null : Math.min(...samples.map(({ rttMinMs }) => rttMinMs));
}

function joins(sample: RttSample, from: string, to: string): boolean {
  return sample.from === from && sample.to === to;
}

/** What the scenario asks of the round trip: the one-way delays of both directions. */
export function requestedRttMs(link: LinkReport, links: readonly LinkReport[]): number {
  const back = links.find(({ from, to }) => from === link.to && to === link.from);
  return link.requested.delayMs + (back ?? link).requested.delayMs;
}

/** How far a measured median may be from the requested round trip. */
export function rttToleranceMs(requestedMs: number): number {
  return Math.max(0.05 * requestedMs, 1);
}

/** Of the links that were measured; as there may be ten thousand, each is found by its name. */
function linkReports(
  links: readonly Link[],
  before: readonly RttSample[],
  after: readonly RttSample[],
): LinkReport[] {
  const nameOf = ({ from, to }: { from: string; to: string }): string => `${from} ${to}`;
  const byName = new Map(links.map((link) => [nameOf(link), link]));
  const [earlier, later] = [groupBy(before, nameOf), groupBy(after, nameOf)];
  return links.flatMap((link) => {
    const back = byName.get(`${link.to} ${link.from}`);
    const name = nameOf(link);
    const report = linkReport(link, back, earlier.get(name) ?? [], later.get(name) ?? []);
    return report === null ? [] : [report];
  });
}

/**
 * One direction's request beside its measured round trip, which crosses both directions: the median to judge is the
 * one, before or after, that lies farther from the requested. Null when it was never measured.
 */
function linkReport(
  link: Link,
  back: Link | undefined,
  before: readonly RttSample[],
  after: readonly RttSample[],
): LinkReport | null {
  const samples = [...before, ...after];
  if (samples.length === 0) return null;
  const requestedMs = link.delayMs + (back?.delayMs ?? link.delayMs);
  const { from, to } = link;
  const medians = samples.map(({ rttP50Ms }) => rttP50Ms);
  const farthest = medians.reduce((a, b) =>
    Math.abs(b - requestedMs) > Math.abs(a - requestedMs) ? b : a,
  );
  const loss = judgeLoss(samples, link, back ?? link);
  const isNear = Math.abs(farthest - requestedMs) <= rttToleranceMs(requestedMs);
  const isWhole = before.length > 0 && after.length > 0;
  return {
    from,
    to,
    requested: linkShape.parse(link),
    measured: {
      rttMinMs: Math.min(...samples.map(({ rttMinMs }) => rttMinMs)),
      rttP50Ms: farthest,
      rttP99Ms: Math.max(...samples.map(({ rttP99Ms }) => rttP99Ms)),
      probes: sum(samples, ({ probes }) => probes),
      lossPercent: loss.percent,
    },
    withinTolerance: isNear && loss.possible ? (isWhole ? true : null) : false,
  };
}

/**
 * Loss of the probes, as that of one direction (both assumed alike: a probe crosses both). `possible` unless the
 * requested loss of the round trip lies outside the 95 % Wilson score interval; percent is null where losses
 * cannot be seen, or where the directions were asked to differ and so cannot be told apart.
 */
function judgeLoss(
  samples: readonly RttSample[],
  forth: LinkShape,
  back: LinkShape,
): { percent: number | null; possible: boolean } {
  const { lossPercent: forthPercent } = forth;
  const { lossPercent: backPercent } = back;
  const seen = samples.filter(({ lostProbes }) => lostProbes !== null);
  const probes = sum(seen, (sample) => sample.probes);
  if (probes === 0) return { percent: null, possible: true };
  const lost = sum(seen, (sample) => sample.lostProbes ?? 0);
  const requested = 1 - (1 - forthPercent / 100) * (1 - backPercent / 100);
  const worth = Math.max(1, burstFactor(forth), burstFactor(back));
  const [low, high] = wilsonInterval(lost / worth, probes / worth);
  return {
    percent: forthPercent === backPercent ? 100 * (1 - Math.sqrt(1 - lost / probes)) : null,
    possible: requested >= low && requested <= high,
  };
}

/**
 * How many probes of a link with bursts tell as much as one would if each were lost by itself: (1 + c) / (1 - c), c
 * being the correlation of neighbours in the chain of two states that the fabric loses by.
 */
function burstFactor({ lossPercent, lossBurst = 1 }: LinkShape): number {
  const share = lossPercent / 100;
  if (share <= 0 || share >= 1 || lossBurst <= 1) return 1;
  const leave = 1 / lossBurst;
  const correlation = 1 - leave - (leave * share) / (1 - share);
  return (1 + correlation) / (1 - correlation);
}

/** 95 % score interval of a share (E. B. Wilson, JASA 22, 1927), 0 to 1. */
export function wilsonInterval(hits: number, trials: number): readonly [low: number, high: number] {
  const z = 1.959964;
  const share = hits / trials;
  const scale = 1 + z ** 2 / trials;
  const centre = share + z ** 2 / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  // With no hit, or nothing but hits, the bound is exact; rounding must not move it inwards.
  const low = hits === 0 ? 0 : (centre - spread) / scale;
  const high = hits === trials ? 1 : (centre + spread) / scale;
  return [low, high];
}
