import { addBit, type Bits, union } from '../../agents/bitmap.ts';
import type { IntervalPart } from '../../agents/protocol.ts';
import { hasManyReceivers, patterns } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import type { IntervalRow, TaggedHistogram } from '../record.ts';
import type { Account } from './accounts.ts';
import {
  type EncodedSamples,
  emptyHistogram,
  encodeSamples,
  largestUs,
  maxUs,
  mergeSamples,
  quantileUs,
} from './dist.ts';
import { groupBy, partsOf, siteName, sum } from './parts.ts';
import { addReasons, type ReasonMap } from './reasons.ts';

/** One second of the measuring window, by due time, of the clients of one site. */
export interface Interval {
  readonly second: number;
  /** Index of the clients' site. */
  readonly site: number;
  readonly due: number;
  readonly done: number;
  readonly failed: number;
  readonly response: EncodedSamples;
  readonly service: EncodedSamples;
  /** `failed` by class and reason as far as clients know it; what only servers can tell is missing. */
  readonly reasons: ReasonMap;
  /** How long connections were away that were lost in this second. */
  readonly reconnect: readonly EncodedSamples[];
  /** 10 ms slots of the second in which something was due that was done, that failed; null where nobody can tell. */
  readonly doneSlots: Bits;
  readonly failedSlots: Bits | null;
}

/** Length of a slot of `doneSlots` and `failedSlots`, µs. */
const slotUs = 10_000;

/**
 * Every second of the window for every site with clients, second by second, merged over all processes. Only for
 * calls does the client know what failed; for the rest, what was due and not done has failed.
 */
export function openIntervals(
  evidence: Evidence,
  accounts: readonly Account[],
): readonly Interval[] {
  const parts = partsOf(evidence, 'interval');
  const keyOf = (second: number, site: number): string => `${second} ${site}`;
  const byCell = groupBy(parts, (part) => keyOf(part.second, part.clientSite));
  const arrivals = hasManyReceivers(evidence.scenario.workload)
    ? arrivalsBySecond(accounts, keyOf)
    : null;
  const sites = [...new Set(evidence.clients.map(({ site }) => site))].sort((a, b) => a - b);
  const { replies } = patterns[evidence.scenario.workload.pattern];
  return Array.from({ length: secondsOf(evidence, parts) }, (_, second) =>
    sites.map((site): Interval => {
      const cell = byCell.get(keyOf(second, site)) ?? [];
      const due = sum(cell, (part) => part.due);
      const times = arrivals ? (arrivals.get(keyOf(second, site)) ?? noTimes) : timesOf(cell);
      const failed = replies ? sum(cell, (part) => part.failed) : Math.max(0, due - times.done);
      const isKnown = failed === sum(cell, (part) => part.failed);
      const failedSlots = isKnown ? slotsOf(cell.map((part) => part.failedSlots)) : null;
      const reconnect = cell.flatMap((part) => {
        return part.reconnect ? [{ hdr: part.reconnect, negative: 0 }] : [];
      });
      const reasons = reasonsIn(cell);
      return { second, site, due, failed, reasons, failedSlots, reconnect, ...times };
    }),
  ).flat();
}

type Times = Pick<Interval, 'done' | 'response' | 'service' | 'doneSlots'>;

const nothing: EncodedSamples = { hdr: null, negative: 0 };
const noSlots: Bits = new Uint8Array(0);
const noTimes: Times = { done: 0, response: nothing, service: nothing, doneSlots: noSlots };

function secondsOf(evidence: Evidence, parts: readonly IntervalPart[]): number {
  const seen = parts.reduce((most, { second }) => Math.max(most, second + 1), 0);
  return Math.max(seen, Math.ceil(evidence.measuredMs / 1e3));
}

/** Interval parts carry no negative counts: what was done and not recorded was negative. */
function timesOf(cell: readonly IntervalPart[]): Times {
  const done = sum(cell, (part) => part.done);
  const merge = (kind: 'response' | 'service'): EncodedSamples => {
    const encoded = cell.flatMap((part) => part[kind] ?? []);
    const { histogram } = mergeSamples(encoded.map((hdr) => ({ hdr, negative: 0 })));
    const negative = Math.max(0, done - histogram.totalCount);
    const [only = null] = encoded;
    return encoded.length < 2 ? { hdr: only, negative } : encodeSamples({ histogram, negative });
  };
  return {
    done,
    response: merge('response'),
    service: merge('service'),
    doneSlots: slotsOf(cell.map((part) => part.doneSlots)),
  };
}

function slotsOf(encoded: readonly string[]): Bits {
  return encoded.reduce((all, some) => union(all, Buffer.from(some, 'base64')), noSlots);
}

function reasonsIn(cell: readonly IntervalPart[]): ReasonMap {
  const all: ReasonMap = new Map();
  for (const { reasons } of cell) addReasons(all, reasons);
  return all;
}

/** Messages with several receivers that all had in time, by the second they were due in. */
function arrivalsBySecond(
  accounts: readonly Account[],
  keyOf: (second: number, site: number) => string,
): ReadonlyMap<string, Times> {
  const completed = accounts.flatMap(({ peer, arrived }) =>
    arrived
      .filter((arrival) => arrival.completed)
      .map((arrival) => ({ ...arrival, site: peer.site })),
  );
  const byCell = groupBy(completed, ({ dueUs, site }) =>
    keyOf(Math.max(0, Math.floor(dueUs / 1e6)), site),
  );
  return new Map(
    [...byCell].map(([key, cell]) => {
      const response = samplesOf(cell.map(({ lastUs }) => lastUs));
      const service = samplesOf(cell.map(({ lastUs, sentUs }) => lastUs - sentUs));
      const doneSlots = new Uint8Array(13);
      for (const { dueUs } of cell) addBit(doneSlots, Math.floor((dueUs % 1e6) / slotUs));
      return [key, { done: cell.length, response, service, doneSlots }];
    }),
  );
}

function samplesOf(valuesUs: readonly number[]): EncodedSamples {
  const histogram = emptyHistogram();
  for (const value of valuesUs) if (value >= 0) histogram.recordValue(Math.round(value));
  return encodeSamples({ histogram, negative: valuesUs.length - histogram.totalCount });
}

/** The rows of `intervals.csv`; quantiles by the rules of a Dist, failures infinite. */
export function intervalRows(evidence: Evidence, intervals: readonly Interval[]): IntervalRow[] {
  return intervals.map(({ second, site, due, done, failed, ...times }) => {
    const response = mergeSamples([times.response]);
    const service = mergeSamples([times.service]);
    return {
      second,
      site: siteName(evidence, site),
      due,
      done,
      failed,
      responseP50Us: quantileUs(response, failed, 5000),
      responseP99Us: quantileUs(response, failed, 9900),
      responseMaxUs: maxUs(response, failed),
      serviceP99Us: quantileUs(service, failed, 9900),
    };
  });
}

/** The lines of `histograms.hlog` that are one a second: tags `response.<site>` and `service.<site>`. */
export function intervalHistograms(
  evidence: Evidence,
  intervals: readonly Interval[],
): TaggedHistogram[] {
  return intervals.flatMap((interval) =>
    (['response', 'service'] as const).flatMap((kind) => {
      const { hdr } = interval[kind];
      if (hdr === null) return [];
      return [
        {
          tag: `${kind}.${siteName(evidence, interval.site)}`,
          startSeconds: interval.second,
          lengthSeconds: 1,
          maxUs: largestUs(mergeSamples([interval[kind]]).histogram),
          hdr,
        },
      ];
    }),
  );
}
