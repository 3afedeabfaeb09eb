import type { Receiver, Sender } from '../drivers/driver.ts';

/** The client half of a pattern in one process: takes what is due, sends it, ends it, records it. */
export interface ClientWorkload {
  /** Starts operations due up to `untilUs`; returns when the next is due (µs, Infinity for none). */
  advance(untilUs: number): number;
  /** Fails everything still open and reports nothing further. */
  finish(): void;
  attach(client: number, sender: Sender): void;
}

/** The server half: counts, times and answers what arrives. */
export interface ServerWorkload {
  attach(server: number, receiver: Receiver): void;
}
