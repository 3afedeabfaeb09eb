import type { Channel, ConsumeMessage } from 'amqplib';
import type { ServerPeer } from '../protocol.ts';
import { KeptChannel } from './amqplib-channel.ts';
import { type Address, type AmqplibEndpoint, serverAddresses } from './amqplib-endpoint.ts';
import type { Link } from './amqplib-link.ts';
import type { DriverOptions, ReceiveHandler, Receiver } from './driver.ts';

/** What `reply` and `settle` need of a message: the channel it came by is the only one that may settle it. */
interface Delivery {
  readonly channel: Channel;
  readonly message: ConsumeMessage;
}

/** A server peer: declares its queues, consumes them, replies on the same channel. */
export class AmqplibReceiver implements Receiver {
  readonly #link: Link;
  readonly #endpoint: AmqplibEndpoint;
  readonly #addresses: readonly Address[];
  readonly #handler: ReceiveHandler;
  /** Manual acknowledgements belong to the workload; a stream insists on some, which are then ours. */
  readonly #settles: boolean;
  readonly #ownsLink: boolean;
  /** Stream: where to go on after a reconnect. */
  #nextOffset: number | 'next' = 'next';
  #kept: KeptChannel | null = null;
  #channel: Channel | null = null;

  private constructor(
    link: Link,
    endpoint: AmqplibEndpoint,
    options: DriverOptions,
    peer: ServerPeer,
    handler: ReceiveHandler,
  ) {
    this.#link = link;
    this.#endpoint = endpoint;
    this.#addresses = serverAddresses(endpoint, options.pattern, peer);
    this.#handler = handler;
    this.#settles = options.guarantee === 'at-least-once';
    this.#ownsLink = options.connections === 'own';
  }

  static async open(
    link: Link,
    endpoint: AmqplibEndpoint,
    options: DriverOptions,
    peer: ServerPeer,
    handler: ReceiveHandler,
  ): Promise<AmqplibReceiver> {
    const receiver = new AmqplibReceiver(link, endpoint, options, peer, handler);
    receiver.#kept = await KeptChannel.open(link, false, {
      setUp: (channel) => receiver.#setUp(channel),
      up: (channel, first) => receiver.#up(channel, first),
      down: (reason) => receiver.#down(reason),
      blocked: () => {},
    });
    return receiver;
  }

  reply(context: unknown, body: Buffer): void {
    const { channel, message } = context as Delivery;
    const replyTo: string | undefined = message.properties.replyTo;
    if (channel !== this.#channel || replyTo === undefined) return;
    channel.publish('', replyTo, body, { persistent: this.#endpoint.persistent });
  }

  settle(context: unknown): void {
    const { channel, message } = context as Delivery;
    if (this.#settles && channel === this.#channel) channel.ack(message);
  }

  async close(): Promise<void> {
    this.#channel = null;
    await this.#kept?.close();
    if (this.#ownsLink) await this.#link.close();
  }

  async #setUp(channel: Channel): Promise<void> {
    const { exchanges, queues, stream, prefetch } = this.#endpoint;
    const noAck = !this.#settles && !stream;
    if (!noAck) await channel.prefetch(prefetch);
    for (const { exchange, kind, queue, key } of this.#addresses) {
      await channel.assertExchange(exchange, kind, exchanges);
      await channel.assertQueue(queue, { durable: queues.durable, arguments: queues.arguments });
      await channel.bindQueue(queue, exchange, key);
    }
    for (const { queue } of this.#addresses) {
      const onMessage = (message: ConsumeMessage | null): void => {
        if (message) this.#deliver(channel, message);
        else this.#kept?.reopen(`the broker cancelled the consumer of ${queue}`);
      };
      const offset = stream ? { arguments: { 'x-stream-offset': this.#nextOffset } } : {};
      await channel.consume(queue, onMessage, { noAck, ...offset });
    }
  }

  #deliver(channel: Channel, message: ConsumeMessage): void {
    if (this.#endpoint.stream) {
      const offset: unknown = message.properties.headers?.['x-stream-offset'];
      if (typeof offset === 'number') this.#nextOffset = offset + 1;
      if (!this.#settles) channel.ack(message);
    }
    this.#handler.message(message.content, message.fields.redelivered, { channel, message });
  }

  #up(channel: Channel, first: boolean): void {
    this.#channel = channel;
    if (!first) this.#handler.connection('back', '');
  }

  #down(reason: string): void {
    this.#channel = null;
    this.#handler.connection('lost', reason);
  }
}
