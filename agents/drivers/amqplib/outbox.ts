import type { Socket } from 'node:net';
import type { AmqplibConnection } from './internals.ts';

/** Beyond this much unsent, the socket counts as full. */
const limitBytes = 256 * 1024;
const slabBytes = 64 * 1024;
/** Larger bodies are written from where they are instead of being copied. */
const copyBytes = 16 * 1024;
const frameOverhead = 8;
/** Room for all but the body of a message: method and header frame with three names of 255 bytes. */
const headBytes = 1200;
const maxFreeSlabs = 64;
/** Slabs whose bytes the kernel has taken, shared by all connections of the process. */
const freeSlabs: Buffer[] = [];

/** Everything of a publish that is the same for all messages of one sender. */
export interface Publication {
  /** The method frame, and the header frame up to the message id. */
  readonly head: Buffer;
  /** Where the header frame starts in `head`. */
  readonly headerAt: number;
}

/** Writes frames to a connection: everything said within one turn of the event loop goes out in one write. */
export class Outbox {
  readonly #connection: AmqplibConnection;
  readonly #socket: Socket;
  readonly #maxPayload: number;
  readonly #onRoom: () => void;
  #slab: Buffer | null = null;
  #at = 0;
  #scheduled = false;
  #full = false;

  /** `onRoom` is called when a full socket has drained. */
  constructor(connection: AmqplibConnection, onRoom: () => void) {
    this.#connection = connection;
    this.#socket = connection.stream;
    this.#maxPayload = connection.frameMax - frameOverhead;
    this.#onRoom = onRoom;
    this.#socket.on('drain', () => this.#drained());
  }

  /** Nothing more should be published now; what is written all the same is buffered. */
  get full(): boolean {
    return this.#full;
  }

  /** A message as `publication` has it, with a message id (a whole number) unless it is negative. */
  publish(publication: Publication, body: Buffer, messageId: number): void {
    const { head, headerAt } = publication;
    const slab = this.#room(
      headBytes + (body.length <= copyBytes ? body.length + frameOverhead : 0),
    );
    const start = this.#at;
    slab.set(head, start);
    let at = start + head.length;
    if (messageId >= 0) at = writeDigits(slab, at, messageId);
    this.#at = at;
    this.#finish(slab, start + headerAt, body);
  }

  /** A reply to the queue whose name is the shortstr at `source[nameAt]`, through the default exchange. */
  reply(channel: number, source: Buffer, nameAt: number, persistent: boolean, body: Buffer): void {
    const slab = this.#room(
      headBytes + (body.length <= copyBytes ? body.length + frameOverhead : 0),
    );
    const nameBytes = (source[nameAt] ?? 0) + 1;
    let at = this.#at;
    at = frameStart(slab, at, 1, channel, 8 + nameBytes);
    // basic.publish, reserved short, the empty exchange name.
    slab[at++] = 0;
    slab[at++] = 60;
    slab[at++] = 0;
    slab[at++] = 40;
    slab[at++] = 0;
    slab[at++] = 0;
    slab[at++] = 0;
    at += source.copy(slab, at, nameAt, nameAt + nameBytes);
    slab[at++] = 0;
    slab[at++] = frameEnd;
    const headerAt = at;
    at = headerStart(slab, at, channel, deliveryModeFlag);
    slab[at++] = persistent ? 2 : 1;
    this.#at = at;
    this.#finish(slab, headerAt, body);
  }

  /** basic.ack of one delivery. */
  ack(channel: number, deliveryTag: number): void {
    const slab = this.#room(21);
    let at = frameStart(slab, this.#at, 1, channel, 13);
    slab[at++] = 0;
    slab[at++] = 60;
    slab[at++] = 0;
    slab[at++] = 80;
    at = slab.writeUInt32BE(Math.floor(deliveryTag / 2 ** 32), at);
    at = slab.writeUInt32BE(deliveryTag % 2 ** 32, at);
    slab[at++] = 0;
    slab[at++] = frameEnd;
    this.#at = at;
    this.#schedule();
  }

  /** Completes the header frame that starts at `headerAt` and ends at `#at`, and appends the body. */
  #finish(slab: Buffer, headerAt: number, body: Buffer): void {
    slab[this.#at++] = frameEnd;
    slab.writeUInt32BE(this.#at - headerAt - frameOverhead, headerAt + 3);
    slab.writeUInt32BE(body.length, headerAt + bodySizeAt + 4);
    const channel = slab.readUInt16BE(headerAt + 1);
    if (body.length > copyBytes || body.length > this.#maxPayload) this.#large(channel, body);
    else if (body.length > 0) {
      const at = frameStart(slab, this.#at, 3, channel, body.length);
      slab.set(body, at);
      slab[at + body.length] = frameEnd;
      this.#at = at + body.length + 1;
    }
    this.#schedule();
    if (this.#at + this.#socket.writableLength > limitBytes) this.#full = true;
  }

  /** Body frames as large as the broker allows, their payload uncopied. */
  #large(channel: number, body: Buffer): void {
    this.#socket.cork();
    for (let from = 0; from < body.length; from += this.#maxPayload) {
      const payload = body.subarray(from, from + this.#maxPayload);
      const slab = this.#room(frameOverhead);
      this.#at = frameStart(slab, this.#at, 3, channel, payload.length);
      this.#flush();
      this.#socket.write(payload);
      this.#room(1)[this.#at++] = frameEnd;
    }
    this.#flush();
    this.#socket.uncork();
  }

  /** A slab with room for `bytes` more at `#at`; flushes what would be in the way. */
  #room(bytes: number): Buffer {
    if (this.#slab !== null && this.#at + bytes <= this.#slab.length) return this.#slab;
    this.#flush();
    this.#slab = freeSlabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
    this.#at = 0;
    return this.#slab;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const slab = this.#slab;
    if (slab === null) return;
    this.#slab = null;
    const end = this.#at;
    this.#at = 0;
    if (end === 0 || !this.#socket.writable) {
      release(slab);
      return;
    }
    this.#connection.sentSinceLastCheck = true;
    this.#socket.write(slab.subarray(0, end));
    // Nothing left in the stream: the kernel has the bytes already, and the slab may be used again.
    if (this.#socket.writableLength === 0) release(slab);
  }

  #drained(): void {
    if (!this.#full) return;
    this.#full = false;
    this.#onRoom();
  }
}

const frameEnd = 0xce;
const deliveryModeFlag = 0x1000;
const replyToFlag = 0x0200;
const messageIdFlag = 0x0080;
/** Offset of the body size (8 bytes) from the start of a header frame. */
const bodySizeAt = 11;

function release(slab: Buffer): void {
  if (freeSlabs.length < maxFreeSlabs) freeSlabs.push(slab);
}

function frameStart(slab: Buffer, at: number, type: number, channel: number, size: number): number {
  slab[at] = type;
  slab[at + 1] = channel >>> 8;
  slab[at + 2] = channel & 0xff;
  return slab.writeUInt32BE(size, at + 3);
}

/** Header frame of class basic with its property flags; sizes are filled in later. */
function headerStart(slab: Buffer, at: number, channel: number, flags: number): number {
  const payload = frameStart(slab, at, 2, channel, 0);
  slab.fill(0, payload, payload + 12);
  slab[payload + 1] = 60;
  return slab.writeUInt16BE(flags, payload + 12);
}

/** A whole number as a shortstr of decimal digits. */
function writeDigits(slab: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  slab[at] = digits;
  let rest = value;
  for (let i = at + digits; i > at; i--) {
    slab[i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits + 1;
}

/** Prepares publishing to an exchange, `mandatory`; with `withId` each message carries a message id. */
export function preparePublication(
  channel: number,
  to: { readonly exchange: string; readonly key: string; readonly replyTo: string | null },
  persistent: boolean,
  withId: boolean,
): Publication {
  const head = Buffer.alloc(headBytes);
  const exchange = shortString(to.exchange);
  const key = shortString(to.key);
  let at = frameStart(head, 0, 1, channel, 7 + exchange.length + key.length);
  head.set([0, 60, 0, 40, 0, 0], at);
  at += 6;
  at += exchange.copy(head, at);
  at += key.copy(head, at);
  head[at++] = 1;
  head[at++] = frameEnd;
  const headerAt = at;
  const flags =
    deliveryModeFlag | (to.replyTo === null ? 0 : replyToFlag) | (withId ? messageIdFlag : 0);
  at = headerStart(head, at, channel, flags);
  head[at++] = persistent ? 2 : 1;
  if (to.replyTo !== null) at += shortString(to.replyTo).copy(head, at);
  return { head: head.subarray(0, at), headerAt };
}

/** AMQP's short string; a name longer than 255 bytes cannot be said. */
function shortString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new RangeError(`longer than AMQP's 255 bytes: ${text}`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
