import type { Header } from '../header.ts';
import type { ServerBook } from '../ledger.ts';
import type { ArrivalsPart } from '../protocol.ts';
import type { RunState } from '../run-state.ts';

/** One messaging pattern: what ends an operation, and what the servers record of it. */
export interface Workload {
  /** Records a reply that ended an operation of the window; null where deliveries end it, which only servers see. */
  readonly replied: ReplyRecord | null;
  /** The server half's record of first deliveries; one for all servers of a process. */
  deliveries(run: RunState): DeliveryRecord;
}

/** `sentUs` is when the request was sent first. `reply` is reused: copy what must live on. */
export type ReplyRecord = (
  run: RunState,
  reply: Header,
  dueUs: number,
  sentUs: number,
  doneUs: number,
) => void;

export interface DeliveryRecord {
  /** A first delivery of the measuring window to `server`. `header` is reused: copy what must live on. */
  add(header: Header, server: ServedBy, receivedUs: number): void;
  /** Server books tell lateness, because deliveries were held against their deadline. */
  readonly timed: boolean;
  arrivals(): Iterable<ArrivalsPart>;
}

/** What a delivery record needs to know of the server that got a message. */
export interface ServedBy {
  readonly site: number;
  readonly book: ServerBook;
  /** Two significant digits: response times of deliveries to this server. */
  recordResponse(responseUs: number): void;
}
