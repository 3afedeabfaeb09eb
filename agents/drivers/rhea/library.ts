import { createRequire } from 'node:module';
import type { Connection, Delivery, Receiver, Sender, Session } from 'rhea';

/**
 * The insides of rhea that this driver reads or hooks, in one place. They are stable within rhea 3 and are
 * needed for four things: true credit (rhea counts it down a tick late), raw payloads (its codec costs more
 * than the transfer), being told when a session's window opens, and sequence numbers that begin again at 0.
 */
export interface SessionInside {
  readonly outgoing: {
    /** Deliveries handed to rhea so far, and those of them that went to the socket. */
    readonly next_delivery_id: number;
    readonly next_pending_delivery: number;
    available(): number;
    transfer_window(): number;
  };
  readonly incoming: {
    next_transfer_id: number;
    next_delivery_id: number | undefined;
    max_transfer_id: number;
  };
  on_transfer(frame: TransferFrame): void;
  on_flow(frame: unknown): void;
}

interface TransferFrame {
  readonly performative: { message_format: number };
}

export interface SenderInside {
  readonly credit: number;
  /** Transfers that reached the socket, and credit given back. */
  readonly delivery_count: number;
}

/** Any format but 0 makes rhea hand the payload over as it came. */
const rawFormat = 1;

/** Opens a session whose receivers get raw payloads, and that reports every flow from the other end. */
export function openRawSession(
  connection: Connection,
  bufferSize: number,
  flowed: () => void,
): Session {
  const session = connection.create_session(bufferSize);
  const inside = sessionInside(session);
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
    flowed();
  };
  session.on('sendable', flowed);
  session.begin();
  return session;
}

/**
 * Sequence numbers of AMQP 1.0 go round at 2^32 (part 2, 2.8.8), which rhea does not know: RabbitMQ 4 begins its
 * sessions four below that, so that the fifth message would end the connection.
 */
function wrapSequences({ incoming }: SessionInside): void {
  const { next_transfer_id: next, next_delivery_id: delivery, max_transfer_id: max } = incoming;
  const left = (max - next) | 0;
  incoming.next_transfer_id = next >>> 0;
  incoming.max_transfer_id = incoming.next_transfer_id + left;
  if (delivery !== undefined) incoming.next_delivery_id = delivery >>> 0;
}

/** Frames that rhea took in this session and has not written yet. */
export function unwritten(session: Session): number {
  const { outgoing } = sessionInside(session);
  return outgoing.next_delivery_id - outgoing.next_pending_delivery;
}

/** Whether a message of `frames` frames would go to the socket now: buffer and window of the session. */
export function windowOpen(session: Session, frames: number): boolean {
  const { outgoing } = sessionInside(session);
  return outgoing.available() > 0 && outgoing.transfer_window() >= unwritten(session) + frames;
}

/** Credit that is really left after `sent` messages handed to this link since it was attached. */
export function creditLeft(link: Sender, sent: number): number {
  const inside = link as unknown as SenderInside;
  return inside.credit - (sent - inside.delivery_count);
}

/** A pre-settled delivery needs no disposition; marking it lets the session's buffer forget it. */
export function forget(delivery: Delivery): void {
  (delivery as { settled: boolean }).settled = true;
}

/** False when the other end attached the link without its source or target; rhea keeps an AMQP null for that. */
export function hasTerminus(link: Sender | Receiver): boolean {
  const terminus: unknown = link.is_receiver() ? link.source : link.target;
  return (terminus as { readonly value?: unknown } | null | undefined)?.value != null;
}

/** The address that the bus gave to a dynamic source. */
export function dynamicAddress(link: Receiver): string | null {
  const source = link.source as { readonly address?: string } | null | undefined;
  return source?.address ?? null;
}

function sessionInside(session: Session): SessionInside {
  return session as unknown as SessionInside;
}

export const rheaVersion: string = (
  createRequire(import.meta.url)('rhea/package.json') as { readonly version: string }
).version;

/** A promise that rejects with the signal's reason when that comes first, and leaves no listener behind. */
export async function settledBefore(
  until: AbortSignal,
  executor: (resolve: () => void, reject: (reason: unknown) => void) => void,
): Promise<void> {
  until.throwIfAborted();
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(until.reason);
      until.addEventListener('abort', stop);
      executor(resolve, reject);
    });
  } finally {
    until.removeEventListener('abort', stop);
  }
}
