import { fillTexts } from '../../../topologies/templates.ts';
import type { ServerPeer } from '../../protocol.ts';
import type { DriverOptions, ReceiveHandler, Receiver } from '../driver.ts';
import { sizeLimitIn } from '../size-limit.ts';
import { KeptChannel, type Loss, type OpenChannel } from './channel.ts';
import type { Address, AmqplibEndpoint } from './endpoint.ts';
import type { Link } from './link.ts';
import type { Delivery } from './port.ts';

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
  /** The broker takes no larger ones: they are lost replies. */
  #maxReplyBytes = Number.POSITIVE_INFINITY;
  #kept: KeptChannel | null = null;
  #open: OpenChannel | null = null;
  /** What came before the caller of `openReceiver` had the receiver in hand; null from then on. */
  #early: (readonly [body: Buffer, delivery: Delivery])[] | null = [];

  private constructor(
    link: Link,
    options: DriverOptions<'amqplib'>,
    peer: ServerPeer,
    handler: ReceiveHandler,
  ) {
    this.#link = link;
    this.#endpoint = options.endpoint;
    const { topic, index: server, subscriber: pool } = peer;
    this.#addresses = options.endpoint.addresses.receive.map((address) =>
      fillTexts(address, { topic, server, pool }),
    );
    this.#handler = handler;
    this.#settles = options.guarantee === 'at-least-once';
    this.#ownsLink = options.connections === 'own';
  }

  static async open(
    link: Link,
    options: DriverOptions<'amqplib'>,
    peer: ServerPeer,
    handler: ReceiveHandler,
  ): Promise<AmqplibReceiver> {
    const receiver = new AmqplibReceiver(link, options, peer, handler);
    receiver.#kept = await KeptChannel.open(link, false, {
      setUp: (open) => receiver.#setUp(open),
      up: (_, first) => {
        if (first) setImmediate(() => receiver.#handOverEarly());
        else handler.connection('back', '');
      },
      down: (loss) => receiver.#down(loss),
      hindered: (reason) => handler.hindered(reason),
      blocked: () => {},
      room: () => {},
      delivered: (body, delivery) => receiver.#deliver(body, delivery),
      returned: () => {},
      confirmed: () => {},
    });
    return receiver;
  }

  reply(context: unknown, body: Buffer): void {
    const delivery = context as Delivery;
    if (body.length > this.#maxReplyBytes) return;
    if (this.#open?.port === delivery.port) delivery.reply(body, this.#endpoint.persistent);
  }

  settle(context: unknown): void {
    if (this.#settles) this.#acknowledge(context as Delivery);
  }

  async close(): Promise<void> {
    this.#open = null;
    await this.#kept?.close();
    if (this.#ownsLink) await this.#link.close();
  }

  async #setUp(open: OpenChannel): Promise<void> {
    // Messages may come, and be settled, before the last consumer is there.
    this.#open = open;
    const { channel, port } = open;
    const { exchanges, queues, stream, prefetch } = this.#endpoint;
    const noAck = !this.#settles && !stream;
    if (!noAck) await channel.prefetch(prefetch);
    for (const { exchange, kind, queue, key } of this.#addresses) {
      await channel.assertExchange(exchange, kind, exchanges);
      await channel.assertQueue(queue, { durable: queues.durable, arguments: queues.arguments });
      await channel.bindQueue(queue, exchange, key);
    }
    for (const { queue } of this.#addresses) {
      const onCancel = (): void =>
        this.#kept?.reopen(`the broker cancelled the consumer of ${queue}`);
      const offset = stream ? { arguments: { 'x-stream-offset': this.#nextOffset } } : {};
      await port.consume(queue, { noAck, ...offset }, onCancel);
    }
  }

  #deliver(body: Buffer, delivery: Delivery): void {
    if (this.#endpoint.stream) {
      const offset = delivery.streamOffset();
      if (offset !== null) this.#nextOffset = offset + 1;
      if (!this.#settles) this.#acknowledge(delivery);
    }
    if (this.#early) this.#early.push([body, delivery]);
    else this.#handler.message(body, delivery.redelivered, delivery);
  }

  #handOverEarly(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const [body, delivery] of early) {
      this.#handler.message(body, delivery.redelivered, delivery);
    }
  }

  #acknowledge(delivery: Delivery): void {
    if (this.#open?.port === delivery.port) delivery.ack();
  }

  #down({ reason, overPublish }: Loss): void {
    this.#open = null;
    // The request that it answers would come again and again, and its answer close the channel each time.
    if (overPublish) this.#maxReplyBytes = sizeLimitIn(reason) ?? this.#maxReplyBytes;
    this.#handler.connection('lost', reason);
  }
}
