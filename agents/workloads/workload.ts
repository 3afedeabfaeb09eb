import type { Header } from '../header.ts';
import type { ServerBook } from '../ledger.ts';
import type { ArrivalsPart } from '../protocol.ts';
import type { Run } from '../run.ts';

/** One messaging pattern: what ends an operation, and what the servers record of it. */
export interface Workload {
  /** A reply ends an operation, and the client times it. Else deliveries do, which only servers see. */
  readonly replies: boolean;
  /** The server half's record of first deliveries; one for all servers of a process. */
  deliveries(run: Run): DeliveryRecord;
}

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
