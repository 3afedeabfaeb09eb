import type { Channel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import type { Delivery, Port, PortListener, Publish, Target, Wire } from './port.ts';

/**
 * Messages through amqplib's public face: what a connection falls back to whose inside is not the one we know.
 * About four times the CPU of our own framing a call, and right with any version of the library.
 */
export const publicWire: Wire = {
  open: (channel, confirms, listener) => new PublicPort(channel, confirms, listener),
};

/** basic.return's own fields, which amqplib's types leave out. */
interface ReturnFields {
  readonly replyCode: number;
  readonly replyText: string;
}

class PublicPort implements Port {
  readonly channel: Channel;
  readonly #confirms: boolean;
  readonly #listener: PortListener;
  #tag = 0;
  #full = false;
  #closed = false;

  constructor(channel: Channel, confirms: boolean, listener: PortListener) {
    this.channel = channel;
    this.#confirms = confirms;
    this.#listener = listener;
    channel.on('return', ({ fields, properties }) => {
      if (this.#closed) return;
      const id: unknown = properties.messageId;
      const { replyCode, replyText } = fields as unknown as ReturnFields;
      listener.returned(typeof id === 'string' ? id : '', `${replyCode} ${replyText}`);
    });
    channel.on('drain', () => {
      this.#full = false;
      if (!this.#closed) listener.room();
    });
    channel.on('close', () => {
      this.#closed = true;
    });
  }

  get full(): boolean {
    return this.#full;
  }

  publisher({ exchange, key, replyTo }: Target, persistent: boolean, withId: boolean): Publish {
    const options: Options.Publish = {
      mandatory: true,
      persistent,
      ...(replyTo !== null && { replyTo }),
    };
    return (body, messageId) => {
      const own = withId && messageId >= 0 ? { ...options, messageId: String(messageId) } : options;
      this.send(exchange, key, body, own);
    };
  }

  /** What a channel that has just closed no longer takes is as lost as what the socket had not sent. */
  send(exchange: string, key: string, body: Buffer, options: Options.Publish): void {
    if (this.#closed) return;
    if (!this.#confirms) {
      this.#full = !this.channel.publish(exchange, key, body, options);
      return;
    }
    const tag = ++this.#tag;
    const channel = this.channel as ConfirmChannel;
    this.#full = !channel.publish(exchange, key, body, options, (error: unknown) => {
      // A channel that closes calls back for all it had not confirmed; of those only its end is known.
      if (!this.#closed) queueMicrotask(() => this.#confirmed(tag, error === null));
    });
  }

  async consume(queue: string, options: Options.Consume, cancelled: () => void): Promise<void> {
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message === null) cancelled();
      else if (!this.#closed) {
        this.#listener.delivered(message.content, new PublicDelivery(this, message));
      }
    };
    await this.channel.consume(queue, onMessage, options);
  }

  close(): void {
    this.#closed = true;
  }

  get closed(): boolean {
    return this.#closed;
  }

  #confirmed(tag: number, positive: boolean): void {
    if (!this.#closed) this.#listener.confirmed(tag, false, positive);
  }
}

class PublicDelivery implements Delivery {
  readonly port: PublicPort;
  readonly #message: ConsumeMessage;

  constructor(port: PublicPort, message: ConsumeMessage) {
    this.port = port;
    this.#message = message;
  }

  get redelivered(): boolean {
    return this.#message.fields.redelivered;
  }

  reply(body: Buffer, persistent: boolean): void {
    const to: unknown = this.#message.properties.replyTo;
    if (typeof to === 'string') this.port.send('', to, body, { persistent });
  }

  ack(): void {
    if (!this.port.closed) this.port.channel.ack(this.#message);
  }

  streamOffset(): number | null {
    const offset: unknown = this.#message.properties.headers?.['x-stream-offset'];
    return typeof offset === 'number' || typeof offset === 'bigint' ? Number(offset) : null;
  }
}
