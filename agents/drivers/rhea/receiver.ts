import type { Delivery, EventContext, Receiver as ReceiverLink } from 'rhea';
import type { ReceiveHandler, Receiver } from '../driver.ts';
import { sizeLimitIn } from '../size-limit.ts';
import { encodeHead, encodeMessage } from './codec.ts';
import type { Peer, RheaConnection } from './connection.ts';
import type { Loss } from './dial.ts';
import { closeLink, handOver, linkOpened, onDetach } from './link.ts';
import { ReplyLinks } from './replies.ts';
import type { Way } from './way.ts';

export interface ReceiverSettings {
  readonly addresses: readonly string[];
  readonly replies: 'anonymous' | 'links' | 'none';
  readonly guarantee: 'at-most-once' | 'at-least-once';
  readonly credit: number;
  readonly durable: boolean;
  readonly own: boolean;
}

/** What `reply` and `settle` need of a message. */
interface Received {
  readonly delivery: Delivery;
  readonly link: ReceiverLink;
  readonly replyTo: Buffer | null;
}

/**
 * A server peer: one link an address. Credit is given back when a message is handled: at once at most once, when
 * it is settled at least once, so that `credit` bounds what the bus pushes ahead of a slow server.
 */
export class RheaReceiver implements Receiver, Peer {
  readonly #connection: RheaConnection;
  readonly #settings: ReceiverSettings;
  readonly #handler: ReceiveHandler;
  readonly #replies: ReplyLinks;
  #lost = false;
  /** The bus takes no larger ones: they are lost replies. */
  #maxReplyBytes = Number.POSITIVE_INFINITY;
  #links: readonly ReceiverLink[] = [];
  readonly #handled = new Map<ReceiverLink, number>();

  constructor(connection: RheaConnection, settings: ReceiverSettings, handler: ReceiveHandler) {
    this.#connection = connection;
    this.#settings = settings;
    this.#handler = handler;
    this.#replies = new ReplyLinks(connection, settings.replies, settings.guarantee);
  }

  reply(context: unknown, body: Buffer): void {
    const { replyTo } = context as Received;
    if (replyTo === null || body.length > this.#maxReplyBytes) return;
    const to = this.#settings.replies === 'anonymous' ? replyTo : null;
    const head = encodeHead({ durable: this.#settings.durable, to, replyTo: null });
    this.#replies.send(replyTo, encodeMessage(head, body));
  }

  settle(context: unknown): void {
    if (this.#settings.guarantee === 'at-most-once') return;
    const { delivery, link } = context as Received;
    // What came over a connection that is gone is the bus's again.
    if (this.#lost || !this.#links.includes(link)) return;
    this.#connection.gather(0);
    delivery.accept();
    this.#giveCredit(link);
  }

  async close(): Promise<void> {
    this.#connection.remove(this);
    this.#closeLinks();
    this.#replies.detached();
    if (this.#settings.own) await this.#connection.close();
  }

  async attach(way: Way, until: AbortSignal): Promise<void> {
    // After a detach of one link the others of this peer may still stand.
    this.#closeLinks();
    this.#handled.clear();
    await this.#replies.attach(way, until);
    const links = this.#settings.addresses.map((address) => this.#openLink(way, address));
    this.#links = links;
    this.#lost = false;
    await Promise.all(links.map((link) => linkOpened(link, until)));
    for (const link of links) {
      onDetach(link, (loss) => {
        if (this.#links.includes(link)) this.#connection.relink(this, loss);
      });
    }
  }

  #closeLinks(): void {
    const links = this.#links;
    this.#links = [];
    for (const link of links) closeLink(link);
  }

  #openLink(way: Way, address: string): ReceiverLink {
    const link = way.session.open_receiver({
      source: { address },
      // A broker that still waits for our word would send again after a cut what was already served.
      snd_settle_mode: this.#settings.guarantee === 'at-most-once' ? 1 : 0,
      credit_window: 0,
      autoaccept: false,
    });
    link.on('message', (context: EventContext) => this.#received(way, link, context));
    link.add_credit(this.#settings.credit);
    return link;
  }

  #received(way: Way, link: ReceiverLink, context: EventContext): void {
    const { delivery, message } = context;
    if (delivery === undefined || message === undefined) return;
    if (delivery.remote_settled) way.forget(delivery);
    else if (this.#settings.guarantee === 'at-most-once') delivery.accept();
    const decoded = way.read(message);
    if (decoded === null) {
      if (!delivery.remote_settled) delivery.reject({ condition: 'amqp:decode-error' });
      this.#giveCredit(link);
      return;
    }
    if (this.#settings.guarantee === 'at-most-once') this.#giveCredit(link);
    const received: Received = { delivery, link, replyTo: decoded.replyTo };
    handOver(() => this.#handler.message(decoded.body, decoded.redelivered, received));
  }

  /** In lots of a quarter of the window: a flow frame for every message would cost as much as the message. */
  #giveCredit(link: ReceiverLink): void {
    const handled = (this.#handled.get(link) ?? 0) + 1;
    const lot = Math.max(1, this.#settings.credit >> 2);
    this.#handled.set(link, handled < lot ? handled : 0);
    if (handled >= lot) link.add_credit(handled);
  }

  hindered(reason: string): void {
    this.#handler.hindered(reason);
  }

  lost({ reason, ended }: Loss): void {
    this.#lost = true;
    // The request that it answers would come again and again, and its answer end the session each time.
    if (ended) this.#maxReplyBytes = sizeLimitIn(reason) ?? this.#maxReplyBytes;
    this.#replies.detached();
    this.#handler.connection('lost', reason);
  }

  back(): void {
    this.#handler.connection('back', '');
  }

  flowed(): void {}
}
