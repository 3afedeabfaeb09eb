// Our own: no library keeps books that are exact for every message at the cost of a bit.
import { Bitmap, encodeBytes } from './bitmap.ts';
import { type ClientLedger, otherReason, reasonsAClass, type ServerLedger } from './protocol.ts';
import { inOneLine } from './reasons.ts';

/** The books of one client: exact for every operation of the measuring window. Warm-up is numbered apart and kept nowhere. */
export class ClientAccount {
  /** Operations that became due in the window; the next sequence. */
  due = 0;
  /** The next sequence of the warm-up. */
  warmup = 0;
  completed = 0;
  late = 0;
  failed = 0;
  /** Calls served at the client's own site. */
  local = 0;
  readonly sent: Bitmap = new Bitmap();
  readonly replied: Bitmap = new Bitmap();
  readonly #refused: Bitmap = new Bitmap();
  readonly #failedBy: Record<string, number> = {};
  readonly #troubles = new Map<string, Bitmap>();
  readonly #receivers: [sequence: number, receivers: number][];

  readonly #dueBySecond: number[] = [];

  /** `receivers`: expected deliveries of a message at the start. */
  constructor(receivers: number) {
    this.#receivers = [[0, receivers]];
  }

  /** An operation of this second of the window became due; returns its sequence. */
  begin(second: number): number {
    while (this.#dueBySecond.length <= second) this.#dueBySecond.push(0);
    this.#dueBySecond[second] = (this.#dueBySecond[second] ?? 0) + 1;
    return this.due++;
  }

  /** Message `sequence` was sent while this many receivers were ready. */
  markSent(sequence: number, receivers: number): void {
    this.sent.add(sequence);
    if (this.#receivers.at(-1)?.[1] !== receivers) this.#receivers.push([sequence, receivers]);
  }

  fail(outcome: string): void {
    this.failed++;
    this.#failedBy[outcome] = (this.#failedBy[outcome] ?? 0) + 1;
  }

  /** The bus said no to message `sequence`; its operation fails, too. */
  refuse(sequence: number): void {
    this.#refused.add(sequence);
  }

  /** Message `sequence` was under way when the bus said this: why it may be lost. */
  noteTrouble(sequence: number, words: string): void {
    const told = inOneLine(words);
    const isKept = this.#troubles.has(told) || this.#troubles.size < reasonsAClass;
    const reason = isKept ? told : otherReason;
    const sequences = this.#troubles.get(reason) ?? new Bitmap();
    this.#troubles.set(reason, sequences);
    sequences.add(sequence);
  }

  /** `repliesDue`: the pattern is call. */
  entry(client: number, repliesDue: boolean): ClientLedger {
    return {
      client,
      due: this.due,
      sent: this.sent.encode(),
      refused: this.#refused.size === 0 ? null : this.#refused.encode(),
      replied: repliesDue ? this.replied.encode() : null,
      receivers: this.#receivers,
      failed: this.#failedBy,
      completed: this.completed,
      late: this.late,
      ...(this.#troubles.size > 0 && { troubles: [...this.#troubles].map(troubleOf) }),
      dueBySecond: encodeBytes(new Uint8Array(Uint32Array.from(this.#dueBySecond).buffer)),
    };
  }
}

function troubleOf([reason, sequences]: readonly [string, Bitmap]): {
  readonly reason: string;
  readonly sequences: string;
} {
  return { reason, sequences: sequences.encode() };
}

/** What one subscriber in this process got from one client, from all servers that share the subscriber. */
class Deliveries {
  readonly delivered: Bitmap = new Bitmap();
  readonly late: Bitmap = new Bitmap();
  readonly repeated: Bitmap = new Bitmap();
  readonly clientSite: number;
  local = 0;
  duplicated = 0;
  reordered = 0;
  redelivered = 0;

  constructor(clientSite: number) {
    this.clientSite = clientSite;
  }
}

interface Seen {
  readonly deliveries: Deliveries;
  /** Highest sequence that this server got from this client. */
  highest: number;
}

/** The books of all servers of one process. */
export class ServerBooks {
  /** By subscriber, then client. */
  readonly #subscribers = new Map<number, Map<number, Deliveries>>();

  /** The book of one server; those of one subscriber share their deliveries, so that a duplicate is seen at either. */
  open(subscriber: number, site: number): ServerBook {
    const byClient = this.#subscribers.get(subscriber) ?? new Map<number, Deliveries>();
    this.#subscribers.set(subscriber, byClient);
    return new ServerBook(byClient, site);
  }

  /** `timed`: lateness was noted, so that entries tell what came in time. */
  *entries(timed: boolean): Generator<ServerLedger> {
    for (const [subscriber, byClient] of this.#subscribers) {
      for (const [client, deliveries] of byClient) {
        const { clientSite, delivered, late, repeated, local } = deliveries;
        const { duplicated, reordered, redelivered } = deliveries;
        yield {
          client,
          clientSite,
          subscriber,
          delivered: delivered.encode(),
          inTime: timed && late.size > 0 ? delivered.without(late).encode() : null,
          local,
          duplicated,
          repeated: repeated.size === 0 ? null : repeated.encode(),
          reordered,
          redelivered,
        };
      }
    }
  }
}

/** One server's view: duplicates by subscriber, order by server. */
export class ServerBook {
  readonly #byClient: Map<number, Deliveries>;
  readonly #site: number;
  readonly #seen = new Map<number, Seen>();

  constructor(byClient: Map<number, Deliveries>, site: number) {
    this.#byClient = byClient;
    this.#site = site;
  }

  /**
   * Enters one message of the window; true when it is the first delivery to this subscriber in this process.
   * `redelivered` is the bus's own flag: such a message never counts as reordered.
   */
  deliver(client: number, clientSite: number, sequence: number, redelivered: boolean): boolean {
    const seen = this.#seen.get(client) ?? this.#meet(client, clientSite);
    const { deliveries } = seen;
    if (redelivered) deliveries.redelivered++;
    if (!deliveries.delivered.add(sequence)) {
      deliveries.duplicated++;
      deliveries.repeated.add(sequence);
      return false;
    }
    if (clientSite === this.#site) deliveries.local++;
    if (sequence > seen.highest) seen.highest = sequence;
    else if (!redelivered) deliveries.reordered++;
    return true;
  }

  /** A first delivery came after its deadline. */
  markLate(client: number, sequence: number): void {
    this.#byClient.get(client)?.late.add(sequence);
  }

  #meet(client: number, clientSite: number): Seen {
    const deliveries = this.#byClient.get(client) ?? new Deliveries(clientSite);
    this.#byClient.set(client, deliveries);
    const seen = { deliveries, highest: -1 };
    this.#seen.set(client, seen);
    return seen;
  }
}
