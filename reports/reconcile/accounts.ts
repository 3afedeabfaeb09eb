import {
  addBit,
  type Bits,
  decodeBits,
  decodeCounts,
  difference,
  hasBit,
  intersection,
  size,
  span,
} from '../../agents/bitmap.ts';
import type { ClientLedger, ClientPeer } from '../../agents/protocol.ts';
import { itemAt } from '../../topologies/item-at.ts';
import { hasManyReceivers, patterns } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import type { Arrival } from './arrivals.ts';
import { joinArrivals } from './arrivals.ts';
import { type Deliveries, joinDeliveries } from './deliveries.ts';
import { addTo, partsOf, sum } from './parts.ts';
import { addReason, type ReasonMap } from './reasons.ts';
import { silentSubscribers, unseenBy } from './silent.ts';
import { addTroubles, ownWords, troublesOf } from './troubles.ts';

/** What became of the operations of one client, reconciled over everyone who saw them. */
export interface Account {
  readonly peer: ClientPeer;
  readonly due: number;
  readonly sent: number;
  /** Sent, and the bus did not refuse it. */
  readonly accepted: number;
  readonly completed: number;
  readonly failed: ReadonlyMap<string, number>;
  /** Why, of those failures that the client could not know. */
  readonly reasons: ReasonMap;
  readonly late: number;
  readonly lost: number;
  readonly lostReplies: number;
  /** Of what the bus did not refuse, and of what it delivered though it had refused it. */
  readonly expectedDeliveries: number;
  readonly deliveries: Deliveries;
  /** Sequences with a delivery among `lost`. */
  readonly lostSequences: Bits;
  /** Sequences whose fate only a process that never reported knew: `failed.unknown`. */
  readonly unknownSequences: Bits;
  /** How many became due in each second of the window; empty where the client could not tell. */
  readonly dueBySecond: readonly number[];
  /**
   * What only a process that never reported knew: of a client of such a process, as many operations as the highest
   * sequence that servers saw proves (there may have been more; none of them is in `due`); of other clients,
   * the messages delivered nowhere that such a process may have received (they are not called lost).
   */
  readonly unknown: number;
  /** Messages with several receivers that arrived anywhere; empty for other patterns. */
  readonly arrived: readonly Arrived[];
  /** For each message sent the share of its receivers that got it, 0 to 1, among those known; empty for other patterns. */
  readonly coverage: readonly number[];
}

/** A message with several receivers; `completed` when all of them had it by the deadline. */
interface Arrived extends Arrival {
  readonly completed: boolean;
}

const noSequences: Bits = new Uint8Array(0);

/** One account a client, in the order of `evidence.clients`. */
export function openAccounts(evidence: Evidence): readonly Account[] {
  const ledgers = new Map<number, ClientLedger>();
  for (const { entries } of partsOf(evidence, 'clientLedger')) {
    for (const entry of entries) ledgers.set(entry.client, entry);
  }
  const deliveriesOf = joinDeliveries(evidence);
  const arrivalsOf = joinArrivals(evidence);
  const silentOf = silentSubscribers(evidence);
  const many = hasManyReceivers(evidence.scenario.workload);
  return evidence.clients.map((peer) => {
    const ledger = ledgers.get(peer.index);
    const deliveries = deliveriesOf(peer.index);
    if (ledger === undefined) return unknownAccount(peer, deliveries);
    const silent = silentOf(peer);
    if (many) {
      const arrivals = arrivalsOf(peer.index);
      return spreadAccount(evidence, peer, ledger, deliveries, arrivals, silent);
    }
    if (patterns[evidence.scenario.workload.pattern].replies) {
      return callAccount(peer, ledger, deliveries, silent.size > 0);
    }
    return castAccount(peer, ledger, deliveries, silent.size > 0);
  });
}

function unknownAccount(peer: ClientPeer, deliveries: Deliveries): Account {
  return {
    peer,
    due: 0,
    sent: 0,
    accepted: 0,
    completed: 0,
    failed: new Map(),
    reasons: new Map(),
    late: 0,
    lost: 0,
    lostReplies: 0,
    // At least these were sent, so that what was delivered never exceeds what was expected by them.
    expectedDeliveries: deliveries.delivered,
    deliveries,
    lostSequences: noSequences,
    unknownSequences: noSequences,
    dueBySecond: [],
    unknown: span(deliveries.anywhere),
    arrived: [],
    coverage: [],
  };
}

/** call: the client knows what completed and why the rest failed; the servers tell loss of requests and replies apart. */
function callAccount(
  peer: ClientPeer,
  ledger: ClientLedger,
  deliveries: Deliveries,
  silent: boolean,
): Account {
  const { sent, accepted } = openLedger(ledger);
  const replied = decodeBits(ledger.replied);
  const missingSequences = difference(difference(accepted, deliveries.anywhere), replied);
  const missing = size(missingSequences);
  return {
    ...commonOf(peer, ledger, sent, accepted, deliveries),
    completed: ledger.completed,
    failed: new Map(Object.entries(ledger.failed)),
    reasons: new Map(),
    late: ledger.late,
    lost: silent ? 0 : missing,
    lostSequences: silent ? noSequences : missingSequences,
    unknownSequences: noSequences,
    lostReplies: size(difference(deliveries.anywhere, replied)),
    expectedDeliveries: size(accepted) + size(difference(deliveries.anywhere, accepted)),
    unknown: silent ? missing : 0,
  };
}

/** cast, notify with one pool: the client knows what it never sent or saw refused, the servers know the rest. */
function castAccount(
  peer: ClientPeer,
  ledger: ClientLedger,
  deliveries: Deliveries,
  silent: boolean,
): Account {
  const { sent, accepted } = openLedger(ledger);
  const completed = size(intersection(accepted, deliveries.inTime));
  const late = size(intersection(accepted, deliveries.anywhere)) - completed;
  const missingSequences = difference(accepted, deliveries.anywhere);
  const missing = size(missingSequences);
  const failed = new Map(Object.entries(ledger.failed));
  const reasons: ReasonMap = new Map();
  addTo(failed, 'timeout', late);
  addReason(reasons, 'timeout', ownWords.timeout, late);
  addTo(failed, silent ? 'unknown' : 'lost', missing);
  if (silent) addReason(reasons, 'unknown', ownWords.unknown, missing);
  else addTroubles(reasons, 'lost', missingSequences, ledger);
  return {
    ...commonOf(peer, ledger, sent, accepted, deliveries),
    completed,
    failed,
    reasons,
    late,
    lost: silent ? 0 : missing,
    lostSequences: silent ? noSequences : missingSequences,
    unknownSequences: silent ? missingSequences : noSequences,
    lostReplies: 0,
    expectedDeliveries: size(accepted) + size(difference(deliveries.anywhere, accepted)),
    unknown: silent ? missing : 0,
  };
}

/**
 * fanout, notify with several pools. Of the n receivers ready at the send, k had it by the end of the drain:
 * k = n in time is completed, k = n late is failed.timeout, 0 < k < n failed.partial, 0 failed.lost; failed.unknown
 * where every missing delivery may have gone to a process that never reported; failed.no-receivers where n = 0.
 */
function spreadAccount(
  evidence: Evidence,
  peer: ClientPeer,
  ledger: ClientLedger,
  deliveries: Deliveries,
  arrivals: ReadonlyMap<number, Arrival>,
  silent: ReadonlySet<number>,
): Account {
  const { sent, accepted } = openLedger(ledger);
  const timeoutUs = evidence.scenario.workload.timeoutMs * 1e3;
  const failed = new Map(Object.entries(ledger.failed));
  const arrived: Arrived[] = [];
  const coverage: number[] = [];
  const reasons: ReasonMap = new Map();
  const troubles = troublesOf(ledger);
  const lostSequences = new Uint8Array(Math.ceil(ledger.due / 8));
  const unknownSequences = new Uint8Array(lostSequences.length);
  let [completed, lost, unknown, expectedDeliveries] = [0, 0, 0, 0];
  for (const [sequence, receivers] of eachReceivers(ledger)) {
    const arrival = arrivals.get(sequence);
    const copies = sum(deliveries.bySubscriber.values(), (had) => (hasBit(had, sequence) ? 1 : 0));
    if (!hasBit(accepted, sequence)) {
      expectedDeliveries += copies;
      if (arrival !== undefined) arrived.push({ ...arrival, completed: false });
      continue;
    }
    const missing = Math.max(0, receivers - copies);
    const unseen = Math.min(missing, unseenBy(silent, deliveries, sequence));
    const outcome = judge(receivers, copies, missing - unseen, arrival, timeoutUs);
    expectedDeliveries += receivers;
    lost += missing - unseen;
    if (missing > unseen) addBit(lostSequences, sequence);
    if (receivers > unseen) coverage.push(Math.min(1, copies / (receivers - unseen)));
    if (outcome === 'completed') completed++;
    else {
      addTo(failed, outcome, 1);
      const isMissing = outcome === 'lost' || outcome === 'partial';
      const told = isMissing ? troubles.find((one) => hasBit(one.sequences, sequence)) : undefined;
      addReason(reasons, outcome, told?.reason ?? ownWords[outcome], 1);
    }
    if (outcome === 'unknown') {
      unknown++;
      addBit(unknownSequences, sequence);
    }
    if (arrival !== undefined) arrived.push({ ...arrival, completed: outcome === 'completed' });
  }
  return {
    ...commonOf(peer, ledger, sent, accepted, deliveries),
    completed,
    failed,
    reasons,
    late: (failed.get('timeout') ?? 0) - (ledger.failed['timeout'] ?? 0),
    lost,
    lostSequences,
    unknownSequences,
    lostReplies: 0,
    expectedDeliveries,
    unknown,
    arrived,
    coverage,
  };
}

function judge(
  receivers: number,
  copies: number,
  lost: number,
  arrival: Arrival | undefined,
  timeoutUs: number,
): 'completed' | keyof typeof ownWords {
  if (lost > 0) return copies === 0 ? 'lost' : 'partial';
  if (receivers === 0 && copies === 0) return 'no-receivers';
  if (copies < receivers || arrival === undefined) return 'unknown';
  return arrival.lastUs > timeoutUs ? 'timeout' : 'completed';
}

/** Every sequence with its number of receivers at the send. */
function* eachReceivers(ledger: ClientLedger): Generator<[sequence: number, receivers: number]> {
  // A ledger opens with how many were ready before the first message.
  let [, receivers] = itemAt(ledger.receivers, 0);
  let next = 1;
  for (let sequence = 0; sequence < ledger.due; sequence++) {
    for (let change = ledger.receivers[next]; change && change[0] <= sequence; ) {
      receivers = change[1];
      next++;
      change = ledger.receivers[next];
    }
    yield [sequence, receivers];
  }
}

function openLedger(ledger: ClientLedger): { sent: Bits; accepted: Bits } {
  const sent = decodeBits(ledger.sent);
  return { sent, accepted: difference(sent, decodeBits(ledger.refused)) };
}

function commonOf(
  peer: ClientPeer,
  ledger: ClientLedger,
  sent: Bits,
  accepted: Bits,
  deliveries: Deliveries,
): Pick<
  Account,
  'peer' | 'due' | 'sent' | 'accepted' | 'deliveries' | 'dueBySecond' | 'arrived' | 'coverage'
> {
  return {
    peer,
    due: ledger.due,
    sent: size(sent),
    accepted: size(accepted),
    deliveries,
    dueBySecond: ledger.dueBySecond === undefined ? [] : decodeCounts(ledger.dueBySecond),
    arrived: [],
    coverage: [],
  };
}
