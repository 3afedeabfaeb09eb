import type { Connection, Delivery, Message, Sender, Session } from 'rhea';
import { type DecodedMessage, decodeMessage } from './codec.ts';
import {
  differencesOf,
  differencesOfSender,
  insideOf,
  markSettled,
  type SenderInside,
  type SessionInside,
  senderInside,
  wrapSequences,
} from './internals.ts';
import { PublicGate, publicSession, readLibraryMessage } from './public-way.ts';
import type { Gate, Way, WayEvents } from './way.ts';

/** Deliveries a session keeps track of; the credit of all its links has to fit. */
const sessionBufferSize = 32_768;

/** Any format but 0 makes rhea hand the payload over as it came. */
const rawFormat = 1;

/**
 * Begins a session whose receivers get raw payloads, and that reports every flow from the other end; needed for true
 * credit (rhea counts it down a tick late), raw payloads (its codec costs more than the transfer), and being told when
 * a session's window opens. On rhea's public face alone where `hooks` is false or its inside is not as we know it.
 */
export function beginSession(connection: Connection, hooks: boolean, events: WayEvents): Way {
  if (!hooks) return publicSession(connection, events);
  const session = connection.create_session(sessionBufferSize);
  const differences = differencesOf(session);
  if (differences.length > 0) {
    session.remove();
    events.differs(differences);
    return publicSession(connection, events);
  }
  const inside = insideOf(session);
  const onTransfer = inside.on_transfer;
  const onFlow = inside.on_flow;
  inside.on_transfer = (frame): void => {
    frame.performative.message_format = rawFormat;
    onTransfer.call(inside, frame);
    wrapSequences(inside);
  };
  inside.on_flow = (frame): void => {
    onFlow.call(inside, frame);
    wrapSequences(inside);
    events.flowed();
  };
  session.on('sendable', events.flowed);
  session.begin();
  return new InsideWay(session, events);
}

class InsideWay implements Way {
  readonly session: Session;
  readonly inside = true;
  readonly #events: WayEvents;

  constructor(session: Session, events: WayEvents) {
    this.session = session;
    this.#events = events;
  }

  gate(link: Sender): Gate {
    const differences = differencesOfSender(link);
    if (differences.length === 0) return new InsideGate(this.session, link);
    this.#events.differs(differences);
    return new PublicGate(link, this.#events.flowed);
  }

  read(message: Message | Buffer): DecodedMessage | null {
    if (Buffer.isBuffer(message)) return decodeMessage(message);
    // The format that we set on its frame was not where rhea looks for it.
    this.#events.differs(['message_format']);
    return readLibraryMessage(message);
  }

  forget(delivery: Delivery): void {
    if (markSettled(delivery)) return;
    this.#events.differs(['settled']);
    delivery.update(true);
  }
}

class InsideGate implements Gate {
  readonly #session: SessionInside;
  readonly #link: SenderInside;
  #sent = 0;

  constructor(session: Session, link: Sender) {
    this.#session = insideOf(session);
    this.#link = senderInside(link);
  }

  /** What is really left after the messages handed to this link since it was attached. */
  get credit(): boolean {
    return this.#link.credit - (this.#sent - this.#link.delivery_count) > 0;
  }

  /** Whether the frames would go to the socket now: buffer and window of the session, less what waits there. */
  fits(frames: number): boolean {
    const { outgoing } = this.#session;
    const unwritten = outgoing.next_delivery_id - outgoing.next_pending_delivery;
    return outgoing.available() > 0 && outgoing.transfer_window() >= unwritten + frames;
  }

  handed(): void {
    this.#sent++;
  }
}
