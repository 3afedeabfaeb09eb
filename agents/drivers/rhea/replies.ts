import type { Sender } from 'rhea';
import type { Peer, RheaConnection } from './connection.ts';
import { closeLink, linkOpened, OutgoingLink } from './link.ts';
import type { Way } from './way.ts';

/** Replies kept while their link has no credit or is being attached; beyond that they are lost replies. */
const maxWaiting = 10_000;

const replyTag = Buffer.from([0]);

interface Outlet {
  raw: Sender | null;
  link: OutgoingLink | null;
  readonly waiting: Buffer[];
}

/**
 * Where a server's replies leave: one anonymous link that routes by each message's `to`, or a link for every
 * reply address, attached at its first reply and kept.
 */
export class ReplyLinks {
  readonly #connection: RheaConnection;
  readonly #mode: 'anonymous' | 'links' | 'none';
  readonly #settleMode: 0 | 1;
  readonly #outlets = new Map<string, Outlet>();
  readonly #waker: Peer;
  #way: Way | null = null;
  #waiting = 0;

  constructor(
    connection: RheaConnection,
    mode: 'anonymous' | 'links' | 'none',
    guarantee: 'at-most-once' | 'at-least-once',
  ) {
    this.#connection = connection;
    this.#mode = mode;
    this.#settleMode = guarantee === 'at-most-once' ? 1 : 0;
    this.#waker = {
      attach: () => Promise.resolve(),
      lost: () => undefined,
      hindered: () => undefined,
      back: () => undefined,
      flowed: () => this.#flush(),
    };
  }

  async attach(way: Way, until: AbortSignal): Promise<void> {
    this.detached();
    this.#way = way;
    if (this.#mode === 'anonymous')
      await this.#open('', { raw: null, link: null, waiting: [] }, until);
  }

  detached(): void {
    for (const { raw } of this.#outlets.values()) if (raw !== null) closeLink(raw);
    this.#outlets.clear();
    this.#connection.remove(this.#waker);
    this.#way = null;
    this.#waiting = 0;
  }

  send(replyTo: Buffer, payload: Buffer): void {
    if (this.#way === null) return;
    const outlet = this.#outlet(this.#mode === 'anonymous' ? '' : replyTo.toString());
    if (outlet.waiting.length === 0 && outlet.link?.send(payload, replyTag) === true) return;
    if (this.#waiting >= maxWaiting) return;
    outlet.waiting.push(payload);
    this.#waiting++;
    this.#connection.wait(this.#waker);
  }

  #outlet(address: string): Outlet {
    const known = this.#outlets.get(address);
    if (known !== undefined) return known;
    const outlet: Outlet = { raw: null, link: null, waiting: [] };
    // A client that went away takes its replies with it: the ledger finds them lost.
    const { lost } = this.#connection;
    if (lost !== null) {
      this.#open(address, outlet, lost).catch(() => this.#outlets.delete(address));
    }
    return outlet;
  }

  async #open(address: string, outlet: Outlet, until: AbortSignal): Promise<void> {
    const way = this.#way;
    if (way === null) return;
    this.#outlets.set(address, outlet);
    const link = way.session.open_sender({
      target: this.#mode === 'anonymous' ? {} : { address },
      snd_settle_mode: this.#settleMode,
      treat_modified_as_released: false,
    });
    outlet.raw = link;
    link.on('sender_error', () => undefined);
    link.once('sender_close', () => {
      if (this.#outlets.get(address) === outlet) this.#outlets.delete(address);
    });
    for (const outcome of ['accepted', 'rejected', 'released', 'modified', 'settled']) {
      link.on(outcome, () => undefined);
    }
    await linkOpened(link, until);
    outlet.link = new OutgoingLink(this.#connection, way, link);
    this.#drain(outlet);
  }

  #flush(): void {
    for (const outlet of this.#outlets.values()) {
      if (outlet.waiting.length > 0) this.#drain(outlet);
    }
  }

  #drain(outlet: Outlet): void {
    let sent = 0;
    for (const payload of outlet.waiting) {
      if (outlet.link?.send(payload, replyTag) !== true) break;
      sent++;
    }
    outlet.waiting.splice(0, sent);
    this.#waiting -= sent;
    if (outlet.waiting.length > 0) this.#connection.wait(this.#waker);
  }
}
