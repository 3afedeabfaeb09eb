import { type Bits, decodeBits, intersection, size, union } from '../../agents/bitmap.ts';
import type { ServerLedger } from '../../agents/protocol.ts';
import type { Evidence } from '../evidence.ts';
import { partsOf } from './parts.ts';

/** What all servers together saw of one client. */
export interface Deliveries {
  /** Sequences delivered to each subscriber, in whatever process. */
  readonly bySubscriber: ReadonlyMap<number, Bits>;
  /** Sequences delivered to anyone. */
  readonly anywhere: Bits;
  /** Of those, the ones whose first delivery came by their deadline. */
  readonly inTime: Bits;
  /** First deliveries in time, each process by itself: the latencies that servers recorded. */
  readonly timed: number;
  /** Sequences that some subscriber got more than once, in one process or in several. */
  readonly repeated: Bits;
  /** Distinct (sequence, subscriber). */
  readonly delivered: number;
  /** Deliveries served at the client's own site. */
  readonly local: number;
  /** Repetitions within a process, and first deliveries in a process that another one had too. */
  readonly duplicated: number;
  readonly reordered: number;
  readonly redelivered: number;
}

const none: Bits = new Uint8Array(0);

const noDeliveries: Deliveries = {
  bySubscriber: new Map(),
  anywhere: none,
  inTime: none,
  timed: 0,
  repeated: none,
  delivered: 0,
  local: 0,
  duplicated: 0,
  reordered: 0,
  redelivered: 0,
};

/** Joins the server ledgers of all processes, by client. */
export function joinDeliveries(evidence: Evidence): (client: number) => Deliveries {
  const byClient = new Map<number, Deliveries>();
  for (const { entries } of partsOf(evidence, 'serverLedger')) {
    for (const entry of entries) {
      byClient.set(entry.client, join(byClient.get(entry.client) ?? noDeliveries, entry));
    }
  }
  return (client) => byClient.get(client) ?? noDeliveries;
}

function join(known: Deliveries, entry: ServerLedger): Deliveries {
  const delivered = decodeBits(entry.delivered);
  const inTime = entry.inTime === null ? delivered : decodeBits(entry.inTime);
  const before = known.bySubscriber.get(entry.subscriber) ?? none;
  const after = union(before, delivered);
  const gained = size(after) - size(before);
  return {
    bySubscriber: new Map(known.bySubscriber).set(entry.subscriber, after),
    anywhere: union(known.anywhere, delivered),
    inTime: union(known.inTime, inTime),
    timed: known.timed + size(inTime),
    repeated: union(
      union(known.repeated, decodeBits(entry.repeated ?? null)),
      intersection(before, delivered),
    ),
    delivered: known.delivered + gained,
    local: known.local + entry.local,
    duplicated: known.duplicated + entry.duplicated + size(delivered) - gained,
    reordered: known.reordered + entry.reordered,
    redelivered: known.redelivered + entry.redelivered,
  };
}
