import type { RunResult } from './result.ts';

/** A whole result directory in memory: what `write.ts` writes and `read.ts` reads back. Reports need nothing else. */
export interface RunRecord {
  readonly result: RunResult;
  readonly intervals: readonly IntervalRow[];
  readonly peers: readonly PeerRecord[];
  readonly histograms: readonly TaggedHistogram[];
}

/** One row of `intervals.csv`: one second of the measuring window (by due time) of one client site. */
export interface IntervalRow {
  readonly second: number;
  readonly site: string;
  readonly due: number;
  readonly done: number;
  readonly failed: number;
  readonly responseP50Us: number | null;
  readonly responseP99Us: number | null;
  readonly responseMaxUs: number | null;
  readonly serviceP99Us: number | null;
}

/** One row of `peers.csv`. What only clients have is null for servers, and the other way round. */
export interface PeerRecord {
  readonly peer: string;
  readonly role: 'client' | 'server';
  readonly site: string;
  readonly topic: number;
  /** Operations of a client. */
  readonly due: number | null;
  readonly completed: number | null;
  readonly failed: number | null;
  readonly responseP50Us: number | null;
  readonly responseP99Us: number | null;
  /** Deliveries at a server, repeated ones included. */
  readonly delivered: number | null;
}

/** One line of `histograms.hlog`, tag `<kind>.<site>`; per second for response and service, else the whole window. */
export interface TaggedHistogram {
  readonly tag: string;
  readonly startSeconds: number;
  readonly lengthSeconds: number;
  readonly maxUs: number;
  /** HdrHistogram V2 compressed, base64, µs. */
  readonly hdr: string;
}
