import { Histogram } from './histogram.ts';
import type { IntervalPart } from './protocol.ts';
import { ReasonCounts } from './reasons.ts';

/** Length of a slot of `IntervalPart.doneSlots` and `failedSlots`, µs; a second has 100. */
const slotUs = 10_000;
const slotBytes = 13;

/** One second of the measuring window, by due time, of the clients of one site. */
export class Interval {
  due = 0;
  done = 0;
  failed = 0;
  /** From the loss of a connection in this second to its return. */
  readonly reconnect: Histogram = new Histogram(3);
  readonly #response = new Histogram(3);
  readonly #service = new Histogram(3);
  readonly #doneSlots = new Uint8Array(slotBytes);
  readonly #failedSlots = new Uint8Array(slotBytes);
  readonly #reasons = new ReasonCounts();

  /** An operation due `sinceUs` after the beginning of the second was done. */
  complete(sinceUs: number, responseUs: number, serviceUs: number): void {
    this.done++;
    mark(this.#doneSlots, sinceUs);
    this.#response.record(responseUs);
    this.#service.record(serviceUs);
  }

  fail(sinceUs: number, outcome: string, words: string): void {
    this.failed++;
    mark(this.#failedSlots, sinceUs);
    this.#reasons.count(outcome, words);
  }

  part(second: number, clientSite: number): IntervalPart {
    return {
      type: 'interval',
      second,
      clientSite,
      due: this.due,
      done: this.done,
      failed: this.failed,
      response: this.#response.count === 0 ? null : this.#response.encode(),
      service: this.#service.count === 0 ? null : this.#service.encode(),
      reconnect: this.reconnect.count === 0 ? null : this.reconnect.encode(),
      reasons: this.#reasons.entries(),
      doneSlots: Buffer.from(this.#doneSlots).toString('base64'),
      failedSlots: Buffer.from(this.#failedSlots).toString('base64'),
    };
  }
}

function mark(slots: Uint8Array, sinceUs: number): void {
  const slot = Math.floor(sinceUs / slotUs);
  slots[slot >> 3] = (slots[slot >> 3] ?? 0) | (1 << (slot & 7));
}
