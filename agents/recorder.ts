import { Histogram } from './histogram.ts';
import { Interval } from './interval.ts';
import type { HistogramPart, IntervalPart, PairKind, ProcessKind, SiteKind } from './protocol.ts';

export type PairHistograms = { readonly [kind in PairKind]: Histogram };
export type SiteHistograms = { readonly [kind in SiteKind]: Histogram };

/** A second is reported this long after its last deadline; what comes even later makes a further part. */
const intervalGraceUs = 500_000;

/**
 * All latency histograms of one process, for operations of the measuring window only. Every sample is rounded to
 * whole µs and kept with 3 significant digits up to 71 minutes.
 */
export class Recorder {
  readonly eventLoopDelay: Histogram = new Histogram(3);
  readonly #sites: number;
  readonly #timeoutUs: number;
  readonly #pairs: (PairHistograms | undefined)[];
  readonly #siteHistograms: readonly SiteHistograms[];
  /** By second, then site; undefined before anything happened in it and after it was reported. */
  readonly #seconds: ((Interval | undefined)[] | undefined)[] = [];
  /** Seconds below were reported as final. */
  #reported = 0;
  #measureUs = 0;

  constructor(sites: number, timeoutUs: number) {
    this.#sites = sites;
    this.#timeoutUs = timeoutUs;
    this.#pairs = new Array(sites * sites).fill(undefined);
    this.#siteHistograms = Array.from({ length: sites }, () => ({
      agentDelay: new Histogram(3),
      busDelay: new Histogram(3),
      accepted: new Histogram(3),
      reconnect: new Histogram(3),
    }));
  }

  /** Start of measuring, µs of this process's clock: where second 0 begins. */
  start(measureUs: number): void {
    this.#measureUs = measureUs;
  }

  pair(clientSite: number, serverSite: number): PairHistograms {
    const at = clientSite * this.#sites + serverSite;
    const known = this.#pairs[at];
    if (known !== undefined) return known;
    const pair: PairHistograms = {
      response: new Histogram(3),
      service: new Histogram(3),
      requestLeg: new Histogram(3),
      hold: new Histogram(3),
      replyLeg: new Histogram(3),
      transit: new Histogram(3),
    };
    this.#pairs[at] = pair;
    return pair;
  }

  site(clientSite: number): SiteHistograms {
    const histograms = this.#siteHistograms[clientSite];
    if (histograms === undefined) throw new RangeError(`no site ${clientSite}`);
    return histograms;
  }

  /** An operation became due. Times of due in µs of this process's clock, here and below. */
  countDue(clientSite: number, dueUs: number): void {
    this.#interval(clientSite, this.#secondOf(dueUs)).due++;
  }

  /** An operation was done in time. */
  countDone(clientSite: number, dueUs: number, responseUs: number, serviceUs: number): void {
    const second = this.#secondOf(dueUs);
    const sinceUs = dueUs - this.#measureUs - second * 1e6;
    this.#interval(clientSite, second).complete(sinceUs, responseUs, serviceUs);
  }

  /** An operation failed, for this reason. */
  countFailed(clientSite: number, dueUs: number, outcome: string, words: string): void {
    const second = this.#secondOf(dueUs);
    const sinceUs = dueUs - this.#measureUs - second * 1e6;
    this.#interval(clientSite, second).fail(sinceUs, outcome, words);
  }

  /** A connection lost at `lostUs` was back after `tookUs`. */
  countReconnect(clientSite: number, lostUs: number, tookUs: number): void {
    this.site(clientSite).reconnect.record(tookUs);
    this.#interval(clientSite, this.#secondOf(lostUs)).reconnect.record(tookUs);
  }

  /** One second of one site that can no longer change, or null. One at a time, because encoding takes 0.3 ms. */
  takeFinished(nowUs: number): IntervalPart | null {
    while (this.#reported < this.#seconds.length) {
      const endUs = this.#measureUs + (this.#reported + 1) * 1e6;
      if (endUs + this.#timeoutUs + intervalGraceUs > nowUs) return null;
      const part = this.#takeFrom(this.#reported);
      if (part !== null) return part;
      this.#reported++;
    }
    return null;
  }

  /** Every second not yet reported, in order. */
  *remaining(): Generator<IntervalPart> {
    for (let second = 0; second < this.#seconds.length; second++) {
      for (;;) {
        const part = this.#takeFrom(second);
        if (part === null) break;
        yield part;
      }
    }
  }

  /** All histograms that hold a sample. */
  *histograms(): Generator<HistogramPart> {
    for (const [at, pair] of this.#pairs.entries()) {
      if (pair === undefined) continue;
      const clientSite = Math.floor(at / this.#sites);
      const serverSite = at % this.#sites;
      for (const [kind, histogram] of Object.entries(pair)) {
        yield* partOf(kind as PairKind, clientSite, serverSite, histogram);
      }
    }
    for (const [clientSite, histograms] of this.#siteHistograms.entries()) {
      for (const [kind, histogram] of Object.entries(histograms)) {
        yield* partOf(kind as SiteKind, clientSite, null, histogram);
      }
    }
    yield* partOf('eventLoopDelay', null, null, this.eventLoopDelay);
  }

  #takeFrom(second: number): IntervalPart | null {
    const sites = this.#seconds[second];
    if (sites === undefined) return null;
    const clientSite = sites.findIndex((interval) => interval !== undefined);
    const interval = sites[clientSite];
    if (interval === undefined) {
      this.#seconds[second] = undefined;
      return null;
    }
    sites[clientSite] = undefined;
    return interval.part(second, clientSite);
  }

  /** An offset of clocks that is wrong by a little may put an operation before the first second. */
  #secondOf(dueUs: number): number {
    return Math.max(0, Math.floor((dueUs - this.#measureUs) / 1e6));
  }

  #interval(clientSite: number, second: number): Interval {
    let sites = this.#seconds[second];
    if (sites === undefined) {
      sites = new Array<Interval | undefined>(this.#sites).fill(undefined);
      this.#seconds[second] = sites;
    }
    let interval = sites[clientSite];
    if (interval === undefined) {
      interval = new Interval();
      sites[clientSite] = interval;
    }
    return interval;
  }
}

function* partOf(
  kind: PairKind | SiteKind | ProcessKind,
  clientSite: number | null,
  serverSite: number | null,
  histogram: Histogram,
): Generator<HistogramPart> {
  const { count, negative } = histogram;
  if (count + negative === 0) return;
  const hdr = histogram.encode();
  yield { type: 'histogram', kind, clientSite, serverSite, hdr, count, negative };
}
