import type { Channel, Message } from 'amqplib';
import type { ClientPeer } from '../protocol.ts';
import { KeptChannel } from './amqplib-channel.ts';
import { type Address, type AmqplibEndpoint, clientAddress } from './amqplib-endpoint.ts';
import type { Link } from './amqplib-link.ts';
import type { DriverOptions, Sender, SendHandler } from './driver.ts';

const directReplyTo = 'amq.rabbitmq.reply-to';

/** A client peer: publishes `mandatory`, with confirms at least once, and takes the replies to its calls. */
export class AmqplibSender implements Sender {
  readonly paths = 1;
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
  #channel: Channel | null = null;
  #replyTo: string | null = null;
  #replyQueues = 0;
  #tag = 0;
  #blocked: boolean;
  #full = false;
  #refusedOne = false;

  private constructor(
    link: Link,
    endpoint: AmqplibEndpoint,
    options: DriverOptions,
    peer: ClientPeer,
    handler: SendHandler,
  ) {
    this.#link = link;
    this.#endpoint = endpoint;
    this.#peer = peer;
    this.#handler = handler;
    this.#address = clientAddress(endpoint, options.pattern, peer);
    this.#call = options.pattern === 'call';
    this.#confirms = options.guarantee === 'at-least-once';
    this.#ownsLink = options.connections === 'own';
    this.#blocked = link.blockedReason !== null;
  }

  static async open(
    link: Link,
    endpoint: AmqplibEndpoint,
    options: DriverOptions,
    peer: ClientPeer,
    handler: SendHandler,
  ): Promise<AmqplibSender> {
    const sender = new AmqplibSender(link, endpoint, options, peer, handler);
    sender.#kept = await KeptChannel.open(link, sender.#confirms, {
      setUp: (channel) => sender.#setUp(channel),
      up: (channel, first) => sender.#up(channel, first),
      down: (reason) => sender.#down(reason),
      blocked: (reason) => sender.#setBlocked(reason !== null),
    });
    return sender;
  }

  send(body: Buffer, token: number): boolean {
    return this.#publish(body, token);
  }

  /** A returned probe is forgotten: the barrier sends another. */
  probe(body: Buffer, _path: number): boolean {
    return this.#publish(body, null);
  }

  disconnect(): void {
    this.#link.cut();
  }

  async close(): Promise<void> {
    this.#channel = null;
    await this.#kept?.close();
    if (this.#ownsLink) await this.#link.close();
  }

  #publish(body: Buffer, token: number | null): boolean {
    const channel = this.#channel;
    if (channel === null || this.#blocked || this.#full) {
      this.#refusedOne = true;
      return false;
    }
    const room = channel.publish(this.#address.exchange, this.#address.key, body, {
      mandatory: true,
      persistent: this.#endpoint.persistent,
      ...(token !== null && { messageId: String(token) }),
      ...(this.#replyTo !== null && { replyTo: this.#replyTo }),
    });
    if (this.#confirms) {
      this.#tag += 1;
      if (token !== null) this.#unconfirmed.set(this.#tag, token);
    }
    this.#full = !room;
    return true;
  }

  async #setUp(channel: Channel): Promise<void> {
    const { exchange, kind } = this.#address;
    await channel.assertExchange(exchange, kind, this.#endpoint.exchanges);
    this.#replyTo = this.#call ? await this.#consumeReplies(channel) : null;
    channel.on('return', (message) => this.#onReturn(message));
    channel.on('drain', () => {
      this.#full = false;
      this.#offer();
    });
    if (!this.#confirms) return;
    channel.on('ack', ({ deliveryTag, multiple }) =>
      this.#confirm(deliveryTag, multiple, (token) => this.#handler.accepted(token)),
    );
    channel.on('nack', ({ deliveryTag, multiple }) =>
      this.#confirm(deliveryTag, multiple, (token) =>
        this.#handler.refused(token, 'nacked', 'basic.nack by the broker'),
      ),
    );
  }

  /** A reply queue gets a new name at every connection: the broker may still hold the old one for the lost owner. */
  async #consumeReplies(channel: Channel): Promise<string> {
    let queue = directReplyTo;
    if (this.#endpoint.reply === 'queue') {
      queue = `${this.#endpoint.replyPrefix}${this.#peer.index}.${this.#replyQueues++}`;
      await channel.assertQueue(queue, { exclusive: true, autoDelete: true, durable: false });
    }
    const onReply = (message: Message | null): void => {
      if (message) this.#handler.reply(message.content);
      else this.#kept?.reopen(`the broker cancelled the consumer of ${queue}`);
    };
    await channel.consume(queue, onReply, { noAck: true });
    return queue;
  }

  #up(channel: Channel, first: boolean): void {
    this.#channel = channel;
    this.#tag = 0;
    this.#full = false;
    this.#blocked = this.#link.blockedReason !== null;
    if (first) return;
    this.#handler.connection('back', '');
    this.#offer();
  }

  #down(reason: string): void {
    this.#channel = null;
    const unknown = [...this.#unconfirmed.values()].filter((token) => !this.#returned.has(token));
    this.#unconfirmed.clear();
    this.#returned.clear();
    this.#handler.connection('lost', reason);
    for (const token of unknown) this.#handler.refused(token, 'connection-lost', reason);
  }

  #setBlocked(blocked: boolean): void {
    this.#blocked = blocked;
    this.#offer();
  }

  #offer(): void {
    if (!this.#refusedOne || this.#channel === null || this.#blocked || this.#full) return;
    this.#refusedOne = false;
    this.#handler.writable();
  }

  #onReturn(message: Message): void {
    const token = Number(message.properties.messageId ?? Number.NaN);
    if (Number.isNaN(token)) return;
    if (this.#confirms) this.#returned.add(token);
    const fields = message.fields as unknown as { replyCode: number; replyText: string };
    this.#handler.refused(token, 'unroutable', `${fields.replyCode} ${fields.replyText}`);
  }

  #confirm(tag: number, multiple: boolean, settle: (token: number) => void): void {
    if (!multiple) {
      this.#settleOne(tag, settle);
      return;
    }
    for (const pending of this.#unconfirmed.keys()) {
      if (pending > tag) return;
      this.#settleOne(pending, settle);
    }
  }

  #settleOne(tag: number, settle: (token: number) => void): void {
    const token = this.#unconfirmed.get(tag);
    if (token === undefined) return;
    this.#unconfirmed.delete(tag);
    if (!this.#returned.delete(token)) settle(token);
  }
}
