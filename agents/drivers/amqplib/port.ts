import type { Channel, Options } from 'amqplib';

/** What a channel hears of messages; everything else goes to amqplib. */
export interface PortListener {
  delivered(body: Buffer, delivery: Delivery): void;
  /** `messageId` is empty when the message had none. */
  returned(messageId: string, reason: string): void;
  confirmed(deliveryTag: number, multiple: boolean, positive: boolean): void;
  /** What was full has room again. */
  room(): void;
}

/** One delivery: how it is answered and acknowledged, each on the channel it came by or not at all. */
export interface Delivery {
  readonly port: Port;
  readonly redelivered: boolean;
  /** To the queue that its reply-to names, through the default exchange; nothing where it names none. */
  reply(body: Buffer, persistent: boolean): void;
  ack(): void;
  /** Offset of a message in its stream (header `x-stream-offset`, a 64-bit integer); null for other messages. */
  streamOffset(): number | null;
}

export interface Target {
  readonly exchange: string;
  readonly key: string;
  readonly replyTo: string | null;
}

/** Publishes one message, with a message id (a whole number) unless it is negative. */
export type Publish = (body: Buffer, messageId: number) => void;

/** A channel's way for messages. */
export interface Port {
  /** Nothing more should be published now; what is written all the same is buffered. */
  readonly full: boolean;
  /** Prepares publishing to an exchange, `mandatory`; with `withId` messages carry ids. */
  publisher(to: Target, persistent: boolean, withId: boolean): Publish;
  /** Messages go to the listener; `cancelled` is called when the broker ends the consumer. */
  consume(queue: string, options: Options.Consume, cancelled: () => void): Promise<void>;
  /** From now on the listener hears nothing more. */
  close(): void;
}

/** How the messages of one connection are read and written. */
export interface Wire {
  /** `confirms` is true of a channel that was opened for publisher confirms. */
  open(channel: Channel, confirms: boolean, listener: PortListener): Port;
}
