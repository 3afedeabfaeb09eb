import type { ChannelModel } from 'amqplib';
import { type AmqplibConnection, connectionOf } from './internals.ts';
import { Outbox } from './outbox.ts';

/** What a channel hears of messages; everything else goes to amqplib. */
export interface WireListener {
  delivered(body: Buffer, delivery: Delivery): void;
  /** `messageId` is empty when the message had none. */
  returned(messageId: string, reason: string): void;
  confirmed(deliveryTag: number, multiple: boolean, positive: boolean): void;
}

/** One delivery as `reply` and `settle` need it. */
export interface Delivery {
  /** Only the port it came by can settle it: tags start anew with every channel. */
  readonly port: WirePort;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  /** The header frame's payload is `source[headerAt]` and on; `replyToAt` is the shortstr of reply-to, -1 for none. */
  readonly source: Buffer;
  readonly headerAt: number;
  readonly replyToAt: number;
}

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
export class WirePort {
  readonly channel: number;
  readonly listener: WireListener;
  kind: 'none' | 'delivery' | 'return' = 'none';
  deliveryTag = 0;
  redelivered = false;
  reason = '';
  source: Buffer = empty;
  headerAt = 0;
  remaining = 0;
  parts: Buffer[] = [];

  constructor(channel: number, listener: WireListener) {
    this.channel = channel;
    this.listener = listener;
  }
}

const empty = Buffer.alloc(0);

/**
 * Reads an open amqplib connection in its place: messages, returns and confirms are parsed here without an object a
 * frame, and handed to their channel; any other frame is handed back to amqplib. Writes go through `outbox`.
 */
export class Wire {
  readonly outbox: Outbox;
  readonly #connection: AmqplibConnection;
  readonly #ports = new Map<number, WirePort>();
  readonly #maxPayload: number;
  #rest: Buffer;
  #closed = false;

  constructor(model: ChannelModel, onRoom: () => void) {
    const connection = connectionOf(model);
    this.#connection = connection;
    this.#maxPayload = connection.frameMax - frameOverhead;
    this.outbox = new Outbox(connection, onRoom);
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

  /** From now on messages on this channel are the listener's. */
  listen(channel: number, listener: WireListener): WirePort {
    const port = new WirePort(channel, listener);
    this.#ports.set(channel, port);
    return port;
  }

  /** What still arrives on this channel is amqplib's, whose channel is closing and ignores it. */
  unlisten(port: WirePort): void {
    if (this.#ports.get(port.channel) === port) this.#ports.delete(port.channel);
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
  #method(port: WirePort, bytes: Buffer, at: number): boolean {
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

  #header(port: WirePort, bytes: Buffer, at: number): void {
    port.source = bytes;
    port.headerAt = at + 7;
    port.remaining = bytes.readUInt32BE(at + 11) * 2 ** 32 + bytes.readUInt32BE(at + 15);
    if (port.remaining === 0) this.#complete(port, empty, at);
  }

  #body(port: WirePort, bytes: Buffer, at: number, end: number): void {
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

  #complete(port: WirePort, body: Buffer, at: number): void {
    const { kind, listener, source, headerAt } = port;
    port.kind = 'none';
    port.source = empty;
    if (kind === 'delivery') {
      listener.delivered(body, {
        port,
        deliveryTag: port.deliveryTag,
        redelivered: port.redelivered,
        source,
        headerAt,
        replyToAt: propertyAt(source, headerAt, replyToFlag),
      });
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

const headersFlag = 0x2000;
const replyToFlag = 0x0200;
const messageIdFlag = 0x0080;
/** Properties that precede message-id, in order: their flag and how they are written. */
const properties: readonly (readonly [flag: number, form: 'string' | 'table' | 'octet'])[] = [
  [0x8000, 'string'],
  [0x4000, 'string'],
  [headersFlag, 'table'],
  [0x1000, 'octet'],
  [0x0800, 'octet'],
  [0x0400, 'string'],
  [replyToFlag, 'string'],
  [0x0100, 'string'],
  [messageIdFlag, 'string'],
];

/** Where a property of the header frame's payload starts; -1 when the message does not have it. */
function propertyAt(bytes: Buffer, headerAt: number, wanted: number): number {
  const flags = bytes.readUInt16BE(headerAt + 12);
  if ((flags & wanted) === 0) return -1;
  let at = headerAt + 14;
  for (const [flag, form] of properties) {
    if (flag === wanted) return at;
    if ((flags & flag) === 0) continue;
    if (form === 'octet') at += 1;
    else if (form === 'string') at += 1 + (bytes[at] ?? 0);
    else at += 4 + bytes.readUInt32BE(at);
  }
  return -1;
}

/** Offset of a message in its stream (header `x-stream-offset`, a 64-bit integer); null for other messages. */
export function streamOffset({ source, headerAt }: Delivery): number | null {
  const tableAt = propertyAt(source, headerAt, headersFlag);
  if (tableAt < 0) return null;
  const name = 'x-stream-offset';
  const table = source.subarray(tableAt + 4, tableAt + 4 + source.readUInt32BE(tableAt));
  const nameAt = table.indexOf(name, 0, 'latin1');
  const valueAt = nameAt + name.length + 1;
  if (nameAt < 0 || table[valueAt - 1] !== longType) return null;
  return Number(table.readBigInt64BE(valueAt));
}

/** AMQP's type letter of a signed 64-bit integer. */
const longType = 'l'.charCodeAt(0);
