import type { EventContext, Receiver as ReceiverLink, Sender as SenderLink } from 'rhea';
import type { Sender, SendHandler } from '../driver.ts';
import { sizeLimitIn } from '../size-limit.ts';
import { encodeHead, encodeMessage } from './codec.ts';
import type { Peer, RheaConnection } from './connection.ts';
import type { Loss } from './dial.ts';
import { dynamicAddress } from './library.ts';
import {
  closeLink,
  handOver,
  linkOpened,
  OutgoingLink,
  onDetach,
  onOutcomes,
  tokenTag,
} from './link.ts';
import type { Way } from './way.ts';

export interface SenderSettings {
  readonly address: string;
  /** Calls only: where replies come; null within asks for a dynamic node. */
  readonly reply: { readonly address: string | null } | null;
  readonly guarantee: 'at-most-once' | 'at-least-once';
  readonly credit: number;
  readonly durable: boolean;
  /** The peer has the connection to itself and closes it. */
  readonly own: boolean;
}

/** Tag of pre-settled messages, which still need one, and of probes. */
const anonymousTag = Buffer.from([0]);
const noBody = Buffer.alloc(0);

/** A client peer: one link to its topic and, for calls, one that replies come in on. */
export class RheaSender implements Sender, Peer {
  readonly routes = 1;
  readonly #connection: RheaConnection;
  readonly #settings: SenderSettings;
  readonly #handler: SendHandler;
  readonly #outstanding = new Set<number>();
  #link: OutgoingLink | null = null;
  /** Every link of this peer that the bus knows of. */
  #links: readonly (SenderLink | ReceiverLink)[] = [];
  #head: Buffer = Buffer.alloc(0);
  #blocked = false;
  #closed = false;

  constructor(connection: RheaConnection, settings: SenderSettings, handler: SendHandler) {
    this.#connection = connection;
    this.#settings = settings;
    this.#handler = handler;
  }

  send(body: Buffer, token: number): boolean {
    const settled = this.#settings.guarantee === 'at-most-once';
    if (!this.#transmit(body, settled ? anonymousTag : tokenTag(token))) {
      this.#blocked = true;
      this.#connection.wait(this);
      return false;
    }
    if (!settled) this.#outstanding.add(token);
    return true;
  }

  probe(body: Buffer): boolean {
    return this.#transmit(body, anonymousTag);
  }

  #transmit(body: Buffer, tag: Buffer): boolean {
    const link = this.#link;
    return link?.ready === true && link.send(encodeMessage(this.#head, body), tag);
  }

  disconnect(): void {
    this.#connection.cut();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection.remove(this);
    this.#closeLinks();
    if (this.#settings.own) await this.#connection.close();
  }

  async attach(way: Way, until: AbortSignal): Promise<void> {
    // After a detach of one link the other may still stand.
    this.#closeLinks();
    const replyTo = await this.#attachReplies(way, until);
    const link = way.session.open_sender({
      target: { address: this.#settings.address },
      snd_settle_mode: this.#settings.guarantee === 'at-most-once' ? 1 : 0,
      treat_modified_as_released: false,
    });
    onOutcomes(link, {
      accepted: (token) => {
        if (this.#outstanding.delete(token)) this.#handler.accepted(token);
      },
      refused: (token, outcome, reason) => {
        if (this.#outstanding.delete(token)) this.#handler.refused(token, outcome, reason);
      },
      untaggedRefused: () => this.#handler.probeReturned(0),
    });
    await this.#opened(link, until);
    const replyBytes = replyTo === null ? null : Buffer.from(replyTo);
    this.#head = encodeHead({ durable: this.#settings.durable, to: null, replyTo: replyBytes });
    this.#link = new OutgoingLink(this.#connection, way, link);
  }

  async #attachReplies(way: Way, until: AbortSignal): Promise<string | null> {
    const { reply, credit } = this.#settings;
    if (reply === null) return null;
    const link = way.session.open_receiver({
      source: reply.address === null ? { dynamic: true } : { address: reply.address },
      snd_settle_mode: this.#settings.guarantee === 'at-most-once' ? 1 : 0,
      credit_window: credit,
      autoaccept: false,
    });
    link.on('message', (context: EventContext) => this.#replied(way, context));
    await this.#opened(link, until);
    const address = reply.address ?? dynamicAddress(link);
    if (address === null) throw new Error('a dynamic reply node without an address');
    return address;
  }

  async #opened(link: SenderLink | ReceiverLink, until: AbortSignal): Promise<void> {
    this.#links = [...this.#links, link];
    await linkOpened(link, until);
    onDetach(link, (loss) => {
      if (this.#links.includes(link)) this.#connection.relink(this, loss);
    });
  }

  #closeLinks(): void {
    const links = this.#links;
    this.#links = [];
    for (const link of links) closeLink(link);
  }

  #replied(way: Way, context: EventContext): void {
    const { delivery, message } = context;
    if (delivery === undefined || message === undefined) return;
    if (delivery.remote_settled) way.forget(delivery);
    else delivery.accept();
    const reply = way.read(message);
    if (reply !== null) handOver(() => this.#handler.reply(reply.body));
  }

  lost({ reason, ended }: Loss): void {
    this.#link = null;
    const handler = this.#handler;
    // Whoever was refused before the loss hears of the return by `writable`.
    handler.connection('lost', reason);
    const outstanding = [...this.#outstanding];
    this.#outstanding.clear();
    const limitBytes = ended ? sizeLimitIn(reason) : null;
    if (limitBytes !== null) handler.tooLarge(this.#leastTooLarge(limitBytes, reason), reason);
    const outcome = ended && limitBytes === null ? 'closed' : 'connection-lost';
    for (const token of outstanding) handler.refused(token, outcome, reason);
  }

  /** The size of a link counts the whole message; that of RabbitMQ's plugin its body alone. */
  #leastTooLarge(limitBytes: number, reason: string): number {
    const isWhole = reason.startsWith('amqp:link:message-size-exceeded');
    return limitBytes + 1 - (isWhole ? encodeMessage(this.#head, noBody).length : 0);
  }

  hindered(reason: string): void {
    this.#handler.hindered(reason);
  }

  back(): void {
    this.#handler.connection('back', '');
    this.flowed();
  }

  flowed(): void {
    if (!this.#blocked || this.#closed) return;
    if (this.#link?.ready !== true) {
      this.#connection.wait(this);
      return;
    }
    this.#blocked = false;
    this.#handler.writable();
  }
}
