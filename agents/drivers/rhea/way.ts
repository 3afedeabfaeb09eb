import type { Delivery, Message, Sender, Session } from 'rhea';
import type { DecodedMessage } from './codec.ts';

/** Whether a message may be handed to a link now, as far as credit and the session's window go. */
export interface Gate {
  /** The other end gave credit that is not used up. */
  readonly credit: boolean;
  /** The session takes a message of that many frames. */
  fits(frames: number): boolean;
  handed(delivery: Delivery): void;
}

/** A session, and how its messages go through rhea. */
export interface Way {
  readonly session: Session;
  /** False where only rhea's public face is used. */
  readonly inside: boolean;
  gate(link: Sender): Gate;
  /** Null when it has no binary body. */
  read(message: Message | Buffer): DecodedMessage | null;
  /** A pre-settled delivery needs no disposition; the session's buffer may forget it. */
  forget(delivery: Delivery): void;
}

export interface WayEvents {
  /** The other end may take more. */
  flowed(): void;
  /** Members of rhea that are not as we know them, each time one is met. */
  differs(members: readonly string[]): void;
}
