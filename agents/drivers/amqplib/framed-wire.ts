import type { Channel, ChannelModel, Options } from 'amqplib';
import { type AmqplibConnection, channelNumber, insideOf } from './internals.ts';
import { Outbox, preparePublication } from './outbox.ts';
import type { Delivery, Port, PortListener, Publish, Target, Wire } from './port.ts';
import { headersFlag, messageIdFlag, propertyAt, replyToFlag } from './properties.ts';
import { publicWire } from './public-wire.ts';

const frameOverhead = 8;
const methodFrame = 1;
const headerFrame = 2;
const bodyFrame = 3;
const frameEnd = 0xce;
/** Class and method ids as one number. */
const basicReturn = (60 << 16) | 50;
const basicDeliver = (60 << 16) | 60;
const basicAck = (60 << 16) | 80;
const basicNack = (60 << 16) | 120;

/** A channel as the wire knows it, and the message that has begun to arrive on it. */
class FramedPort implements Port {
  readonly number: number;
  readonly outbox: Outbox;
  readonly listener: PortListener;
  readonly #channel: Channel;
  readonly #unlisten: (port: FramedPort) => void;
  kind: 'none' | 'delivery' | 'return' = 'none';
  deliveryTag = 0;
  redelivered = false;
  reason = '';
  source: Buffer = empty;
  headerAt = 0;
  remaining = 0;
  parts: Buffer[] = [];

  constructor(
    channel: Channel,
    number: number,
    outbox: Outbox,
    listener: PortListener,
    unlisten: (port: FramedPort) => void,
  ) {
    this.#channel = channel;
    this.number = number;
    this.outbox = outbox;
    this.listener = listener;
    this.#unlisten = unlisten;
  }

  get full(): boolean {
    return this.outbox.full;
  }

  publisher(to: Target, persistent: boolean, withId: boolean): Publish {
    const { outbox } = this;
    const publication = preparePublication(this.number, to, persistent, withId);
    return (body, messageId) => outbox.publish(publication, body, messageId);
  }

  /** Messages come by the wire; amqplib tells only that the broker cancelled the consumer. */
  async consume(queue: string, options: Options.Consume, cancelled: () => void): Promise<void> {
    await this.#channel.consume(queue, cancelled, options);
  }

  close(): void {
    this.#unlisten(this);
  }
}

/** The header frame's payload is `source[headerAt]` and on; `replyToAt` is the shortstr of reply-to, -1 for none. */
class FramedDelivery implements Delivery {
  readonly port: FramedPort;
  readonly redelivered: boolean;
  readonly #tag: number;
  readonly #source: Buffer;
  readonly #headerAt: number;
  readonly #replyToAt: number;

  constructor(port: FramedPort, source: Buffer, headerAt: number) {
    this.port = port;
    this.redelivered = port.redelivered;
    this.#tag = port.deliveryTag;
    this.#source = source;
    this.#headerAt = headerAt;
    this.#replyToAt = propertyAt(source, headerAt, replyToFlag);
  }

  reply(body: Buffer, persistent: boolean): void {
    if (this.#replyToAt < 0) return;
    const { outbox, number } = this.port;
    outbox.reply(number, this.#source, this.#replyToAt, persistent, body);
  }

  ack(): void {
    this.port.outbox.ack(this.port.number, this.#tag);
  }

  streamOffset(): number | null {
    const tableAt = propertyAt(this.#source, this.#headerAt, headersFlag);
    if (tableAt < 0) return null;
    const name = 'x-stream-offset';
    const from = tableAt + 4;
    const table = this.#source.subarray(from, from + this.#source.readUInt32BE(tableAt));
    const nameAt = table.indexOf(name, 0, 'latin1');
    const valueAt = nameAt + name.length + 1;
    if (nameAt < 0 || table[valueAt - 1] !== longType) return null;
    return Number(table.readBigInt64BE(valueAt));
  }
}

const empty = Buffer.alloc(0);

/**
 * Reads an open amqplib connection in its place: messages, returns and confirms are parsed here without an object a
 * frame, and handed to their channel; any other frame is handed back to amqplib. Writes go through `outbox`.
 */
export class FramedWire implements Wire {
  readonly #outbox: Outbox;
  readonly #connection: AmqplibConnection;
  readonly #ports = new Map<number, FramedPort>();
  readonly #maxPayload: number;
  readonly #differs: (members: readonly string[]) => void;
  #rest: Buffer;
  #closed = false;

  /** Of a connection whose inside is as we know it: `differencesOf` finds nothing. A channel may differ, and is told. */
  constructor(model: ChannelModel, differs: (members: readonly string[]) => void) {
    this.#differs = differs;
    const connection = insideOf(model);
    this.#connection = connection;
    this.#maxPayload = connection.frameMax - frameOverhead;
    this.#outbox = new Outbox(connection, () => {
      for (const { listener } of this.#ports.values()) listener.room();
    });
    this.#rest = connection.rest;
    connection.rest = empty;
    const socket = connection.stream;
    socket.removeAllListeners('readable');
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    model.once('close', () => {
      this.#closed = true;
      this.#ports.clear();
    });
  }

  /** From now on messages on this channel are the listener's; after its `close` amqplib's, which ignores them. */
  open(channel: Channel, confirms: boolean, listener: PortListener): Port {
    const number = channelNumber(channel);
    if (number === null) {
      // Its frames are nobody's here, and so are handed back to amqplib.
      this.#differs(['ch']);
      return publicWire.open(channel, confirms, listener);
    }
    const port = new FramedPort(channel, number, this.#outbox, listener, (closed) => {
      if (this.#ports.get(number) === closed) this.#ports.delete(number);
    });
    this.#ports.set(number, port);
    return port;
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    this.#connection.recvSinceLastCheck = true;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    try {
      while (!this.#closed && bytes.length - at >= frameOverhead) {
        const payloadBytes = bytes.readUInt32BE(at + 3);
        // Said at once: a header that claims 2 GB would gather and copy them all before the end octet is missed.
        if (payloadBytes > this.#maxPayload) throw oversized(payloadBytes, this.#maxPayload);
        const end = at + frameOverhead + payloadBytes;
        if (end > bytes.length) break;
        if (bytes[end - 1] !== frameEnd) throw new Error('a frame without its end octet');
        this.#frame(bytes, at, end);
        at = end;
      }
    } catch (error) {
      if (!this.#closed) this.#connection.emit('frameError', error);
      return;
    }
    this.#rest = at === bytes.length ? empty : bytes.subarray(at);
  }

  #frame(bytes: Buffer, at: number, end: number): void {
    const port = this.#ports.get(((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0));
    if (port === undefined) {
      this.#handBack(bytes, at, end);
      return;
    }
    const type = bytes[at];
    if (type === bodyFrame) this.#body(port, bytes, at, end);
    else if (type === headerFrame) this.#header(port, bytes, at);
    else if (type !== methodFrame || !this.#method(port, bytes, at + 7)) {
      this.#handBack(bytes, at, end);
    }
  }

  #handBack(bytes: Buffer, at: number, end: number): void {
    const connection = this.#connection;
    connection.rest = bytes.subarray(at, end);
    const frame = connection.recvFrame();
    if (frame) connection.accept(frame);
  }

  /** True when it was one of ours. */
  #method(port: FramedPort, bytes: Buffer, at: number): boolean {
    switch (bytes.readUInt32BE(at)) {
      case basicDeliver: {
        const tagAt = at + 5 + (bytes[at + 4] ?? 0);
        port.kind = 'delivery';
        port.deliveryTag = readTag(bytes, tagAt);
        port.redelivered = bytes[tagAt + 8] === 1;
        return true;
      }
      case basicReturn: {
        const text = bytes.toString('utf8', at + 7, at + 7 + (bytes[at + 6] ?? 0));
        port.kind = 'return';
        port.reason = `${bytes.readUInt16BE(at + 4)} ${text}`;
        return true;
      }
      case basicAck:
        port.listener.confirmed(readTag(bytes, at + 4), bytes[at + 12] === 1, true);
        return true;
      case basicNack:
        port.listener.confirmed(readTag(bytes, at + 4), ((bytes[at + 12] ?? 0) & 1) === 1, false);
        return true;
      default:
        return false;
    }
  }

  #header(port: FramedPort, bytes: Buffer, at: number): void {
    port.source = bytes;
    port.headerAt = at + 7;
    port.remaining = bytes.readUInt32BE(at + 11) * 2 ** 32 + bytes.readUInt32BE(at + 15);
    if (port.remaining === 0) this.#complete(port, empty, at);
  }

  #body(port: FramedPort, bytes: Buffer, at: number, end: number): void {
    const payload = bytes.subarray(at + 7, end - 1);
    port.remaining -= payload.length;
    if (port.remaining > 0) {
      port.parts.push(payload);
      return;
    }
    if (port.parts.length === 0) {
      this.#complete(port, payload, at);
      return;
    }
    const parts = [...port.parts, payload];
    port.parts = [];
    this.#complete(port, Buffer.concat(parts), at);
  }

  #complete(port: FramedPort, body: Buffer, at: number): void {
    const { kind, listener, source, headerAt } = port;
    port.kind = 'none';
    port.source = empty;
    if (kind === 'delivery') {
      listener.delivered(body, new FramedDelivery(port, source, headerAt));
    } else if (kind === 'return') {
      const idAt = propertyAt(source, headerAt, messageIdFlag);
      const id =
        idAt < 0 ? '' : source.toString('latin1', idAt + 1, idAt + 1 + (source[idAt] ?? 0));
      listener.returned(id, port.reason);
    } else {
      throw new Error(`content at byte ${at} that no method announced`);
    }
  }
}

function oversized(bytes: number, limit: number): Error {
  return new Error(`a frame of ${bytes} bytes where at most ${limit} were agreed`);
}

function readTag(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/** AMQP's type letter of a signed 64-bit integer. */
const longType = 'l'.charCodeAt(0);
