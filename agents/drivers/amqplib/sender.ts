import type { Channel } from 'amqplib';
import { patterns } from '../../../topologies/patterns.ts';
import { fillTexts } from '../../../topologies/templates.ts';
import type { ClientPeer } from '../../protocol.ts';
import type { DriverOptions, Sender, SendHandler } from '../driver.ts';
import { sizeLimitIn } from '../size-limit.ts';
import { KeptChannel, type Loss, type OpenChannel } from './channel.ts';
import type { Address, AmqplibEndpoint } from './endpoint.ts';
import type { Link } from './link.ts';
import type { Port, Publish } from './port.ts';

/** Probes carry no message id: when one comes back, that is all there is to tell. */
const noId = -1;
const directReplyTo = 'amq.rabbitmq.reply-to';

/** A client peer: publishes `mandatory`, with confirms at least once, and takes the replies to its calls. */
export class AmqplibSender implements Sender {
  readonly routes = 1;
  readonly #link: Link;
  readonly #endpoint: AmqplibEndpoint;
  readonly #peer: ClientPeer;
  readonly #handler: SendHandler;
  readonly #address: Address;
  readonly #call: boolean;
  readonly #confirms: boolean;
  readonly #ownsLink: boolean;
  /** Token by delivery tag, in the order sent: what the broker has yet to confirm. */
  readonly #unconfirmed = new Map<number, number>();
  /** Tokens that were returned and will be acknowledged nevertheless. */
  readonly #returned = new Set<number>();
  #kept: KeptChannel | null = null;
  #port: Port | null = null;
  #message: Publish | null = null;
  #probe: Publish | null = null;
  #replyQueues = 0;
  #tag = 0;
  #blocked: boolean;
  #refusedOne = false;

  private constructor(
    link: Link,
    options: DriverOptions<'amqplib'>,
    peer: ClientPeer,
    handler: SendHandler,
  ) {
    this.#link = link;
    this.#endpoint = options.endpoint;
    this.#peer = peer;
    this.#handler = handler;
    const { topic, server } = peer;
    const { send, sendOne } = options.endpoint.addresses;
    this.#address =
      server === null ? fillTexts(send, { topic }) : fillTexts(sendOne ?? send, { topic, server });
    this.#call = patterns[options.pattern].replies;
    this.#confirms = options.guarantee === 'at-least-once';
    this.#ownsLink = options.connections === 'own';
    this.#blocked = link.blockedReason !== null;
  }

  static async open(
    link: Link,
    options: DriverOptions<'amqplib'>,
    peer: ClientPeer,
    handler: SendHandler,
  ): Promise<AmqplibSender> {
    const sender = new AmqplibSender(link, options, peer, handler);
    sender.#kept = await KeptChannel.open(link, sender.#confirms, {
      setUp: (open) => sender.#setUp(open),
      up: (open, first) => sender.#up(open, first),
      down: (loss) => sender.#down(loss),
      hindered: (reason) => handler.hindered(reason),
      blocked: (reason) => sender.#setBlocked(reason),
      room: () => sender.#offer(),
      delivered: (body) => sender.#handler.reply(body),
      returned: (messageId, reason) => sender.#onReturn(messageId, reason),
      confirmed: (tag, multiple, positive) => sender.#onConfirm(tag, multiple, positive),
    });
    return sender;
  }

  send(body: Buffer, token: number): boolean {
    if (!this.#publish(this.#message, body, token)) return false;
    if (this.#confirms) this.#unconfirmed.set(++this.#tag, token);
    return true;
  }

  probe(body: Buffer, _route: number): boolean {
    if (!this.#publish(this.#probe, body, noId)) return false;
    if (this.#confirms) this.#tag += 1;
    return true;
  }

  disconnect(): void {
    this.#link.cut();
  }

  async close(): Promise<void> {
    this.#port = null;
    await this.#kept?.close();
    if (this.#ownsLink) await this.#link.close();
  }

  #publish(publish: Publish | null, body: Buffer, messageId: number): boolean {
    const port = this.#port;
    if (port === null || publish === null || this.#blocked || port.full) {
      this.#refusedOne = true;
      return false;
    }
    publish(body, messageId);
    return true;
  }

  async #setUp({ channel, port }: OpenChannel): Promise<void> {
    const { exchange, kind, key } = this.#address;
    const { exchanges, persistent } = this.#endpoint;
    await channel.assertExchange(exchange, kind, exchanges);
    const replyTo = this.#call ? await this.#consumeReplies(channel, port) : null;
    const to = { exchange, key, replyTo };
    this.#message = port.publisher(to, persistent, true);
    this.#probe = port.publisher(to, persistent, false);
  }

  /** A reply queue gets a new name at every connection: the broker may still hold the old one for the lost owner. */
  async #consumeReplies(channel: Channel, port: Port): Promise<string> {
    let queue = directReplyTo;
    if (this.#endpoint.reply === 'queue') {
      queue = `${this.#endpoint.replyPrefix}${this.#peer.index}.${this.#replyQueues++}`;
      await channel.assertQueue(queue, { exclusive: true, autoDelete: true, durable: false });
    }
    const onCancel = (): void =>
      this.#kept?.reopen(`the broker cancelled the consumer of ${queue}`);
    await port.consume(queue, { noAck: true }, onCancel);
    return queue;
  }

  #up({ port }: OpenChannel, first: boolean): void {
    this.#port = port;
    this.#tag = 0;
    this.#blocked = this.#link.blockedReason !== null;
    if (first) return;
    this.#handler.connection('back', '');
    this.#offer();
  }

  #down({ reason, overPublish }: Loss): void {
    this.#port = null;
    const unknown = [...this.#unconfirmed.values()].filter((token) => !this.#returned.has(token));
    this.#unconfirmed.clear();
    this.#returned.clear();
    const handler = this.#handler;
    handler.connection('lost', reason);
    const limitBytes = overPublish ? sizeLimitIn(reason) : null;
    if (limitBytes !== null) handler.tooLarge(limitBytes + 1, reason);
    // Of a message refused for another reason nothing is told but that it was one of these.
    const isOne = overPublish && limitBytes === null;
    const outcome = isOne ? (unknown.length === 1 ? 'refused' : 'closed') : 'connection-lost';
    for (const token of unknown) handler.refused(token, outcome, reason);
  }

  #setBlocked(reason: string | null): void {
    this.#blocked = reason !== null;
    this.#handler.hindered(reason === null ? null : `the broker blocks publishers: ${reason}`);
    this.#offer();
  }

  #offer(): void {
    if (!this.#refusedOne || this.#port === null || this.#blocked || this.#port.full) return;
    this.#refusedOne = false;
    this.#handler.writable();
  }

  #onReturn(messageId: string, reason: string): void {
    if (messageId === '') {
      this.#handler.probeReturned(0);
      return;
    }
    const token = Number(messageId);
    if (this.#confirms) this.#returned.add(token);
    this.#handler.refused(token, 'unroutable', reason);
  }

  #onConfirm(tag: number, multiple: boolean, positive: boolean): void {
    if (!multiple) {
      this.#settleOne(tag, positive);
      return;
    }
    for (const pending of this.#unconfirmed.keys()) {
      if (pending > tag) return;
      this.#settleOne(pending, positive);
    }
  }

  #settleOne(tag: number, positive: boolean): void {
    const token = this.#unconfirmed.get(tag);
    if (token === undefined) return;
    this.#unconfirmed.delete(tag);
    // The broker acknowledges what it returned, too.
    if (this.#returned.delete(token)) return;
    if (positive) this.#handler.accepted(token);
    else this.#handler.refused(token, 'nacked', 'basic.nack by the broker');
  }
}
