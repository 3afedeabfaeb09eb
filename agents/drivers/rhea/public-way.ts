import type { Connection, Delivery, Message, Sender, Session } from 'rhea';
import { type DecodedMessage, decodeMessage } from './codec.ts';
import { canWrap, insideOf, wrapSequences } from './internals.ts';
import type { Gate, Way, WayEvents } from './way.ts';

/**
 * What of a session may wait for credit or window inside rhea, which on its public face cannot be told from what went
 * out; rhea's own bound.
 */
const outgoingBufferSize = 2048;
const incomingBufferSize = 32_768;
/** Nothing public tells when a session's window opens. */
const lookAgainMs = 5;

/**
 * Messages through rhea's public face: what a session falls back to whose inside is not the one we know. rhea decodes
 * them, and each link hands over one a tick: about twice the CPU, and right.
 */
export function publicSession(connection: Connection, events: WayEvents): Way {
  const session = connection.create_session({
    incoming: incomingBufferSize,
    outgoing: outgoingBufferSize,
  });
  if (canWrap(session)) goRound(session);
  session.on('sendable', events.flowed);
  session.on('sender_flow', events.flowed);
  session.begin();
  return {
    session,
    inside: false,
    gate: (link) => new PublicGate(link, events.flowed),
    read: (message) =>
      Buffer.isBuffer(message) ? decodeMessage(message) : readLibraryMessage(message),
    forget: (delivery) => delivery.update(true),
  };
}

/** Sequence numbers have to go round on this way too. */
function goRound(session: Session): void {
  const inside = insideOf(session);
  const { on_transfer: onTransfer, on_flow: onFlow } = inside;
  inside.on_transfer = (frame): void => {
    onTransfer.call(inside, frame);
    wrapSequences(inside);
  };
  inside.on_flow = (frame): void => {
    onFlow.call(inside, frame);
    wrapSequences(inside);
  };
}

/**
 * One message a tick: rhea counts credit down when it writes, which is in its next tick. Pre-settled, the next
 * waits until the last is marked settled, which rhea does when it goes to the socket.
 */
export class PublicGate implements Gate {
  readonly #link: Sender;
  readonly #flowed: () => void;
  #last: Delivery | null = null;
  #handed = false;

  constructor(link: Sender, flowed: () => void) {
    this.#link = link;
    this.#flowed = flowed;
  }

  get credit(): boolean {
    return !this.#handed && this.#link.sendable() && !this.#waits;
  }

  /** A message larger than the window goes out as the window opens. */
  fits(): boolean {
    return true;
  }

  handed(delivery: Delivery): void {
    this.#handed = true;
    this.#last = delivery;
    // rhea writes in a tick of its own, which was queued before this one.
    process.nextTick(() => this.#turned());
  }

  get #waits(): boolean {
    return this.#last?.settled === true && !this.#last.remote_settled;
  }

  #turned(): void {
    this.#handed = false;
    if (this.#waits && this.#link.is_open()) setTimeout(() => this.#turned(), lookAgainMs).unref();
    else this.#flowed();
  }
}

/** What rhea made of a message; null when its body is not binary. */
export function readLibraryMessage(message: Message): DecodedMessage | null {
  const body = binaryOf(message.body);
  if (body === null) return null;
  const replyTo = message.reply_to;
  return {
    body,
    replyTo: typeof replyTo === 'string' ? Buffer.from(replyTo) : null,
    redelivered: message.first_acquirer === false || (message.delivery_count ?? 0) > 0,
  };
}

/** A binary value, one data section or several. */
function binaryOf(body: unknown): Buffer | null {
  if (Buffer.isBuffer(body)) return body;
  const content = (body as { readonly content?: unknown } | null | undefined)?.content;
  const parts: readonly unknown[] = [content].flat();
  if (parts.length === 0 || !parts.every((part) => Buffer.isBuffer(part))) return null;
  return parts.length === 1 ? (parts[0] ?? null) : Buffer.concat(parts);
}
