import type { Pattern } from '../../topologies/patterns.ts';
import type { Announcement, ClientPeer, ServerPeer } from '../protocol.ts';
import type { DirectoryOf, DriverName, EndpointOf } from './endpoint.ts';

/**
 * A Driver speaks one client library. It knows no pacing, no histogram and no queue of its own:
 * what the bus will not take now is refused with `false`, and the workload waits for `writable`.
 */
export interface Driver<D extends DriverName> {
  /** Resolves when the process is connected; rejects with a `DriverError` naming the endpoint. */
  connect(options: DriverOptions<D>, signal: AbortSignal): Promise<Session<D>>;
}

export interface DriverOptions<D extends DriverName = DriverName> {
  readonly run: string;
  readonly process: string;
  readonly pattern: Pattern;
  readonly guarantee: 'at-most-once' | 'at-least-once';
  readonly connections: 'own' | 'shared';
  readonly failover: boolean;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly seed: number;
  /** Made by the Bus for this driver and this process. */
  readonly endpoint: EndpointOf<D>;
  /** Of an earlier life of this process: receivers have to be found again where they were. */
  readonly announced?: readonly Announcement[];
}

export interface Session<D extends DriverName = DriverName> extends AsyncDisposable {
  /** Attaches a server peer. Settles when the bus has confirmed it. */
  openReceiver(peer: ServerPeer, handler: ReceiveHandler, signal: AbortSignal): Promise<Receiver>;
  /** Where senders elsewhere find the receivers opened so far; empty where a broker stands between. */
  announcements(): readonly Announcement[];
  /** Attaches a client peer. Call after every receiver of the run is open, with the bus's directory. */
  openSender(
    peer: ClientPeer,
    directory: DirectoryOf<D>,
    handler: SendHandler,
    signal: AbortSignal,
  ): Promise<Sender>;
  /** Library and, where the protocol tells it, broker versions. */
  readonly versions: { readonly [name: string]: string };
  /** Why messages take a slower way through the library than the driver's own; null or absent when they do not. */
  readonly detour?: string | null;
}

export interface ReceiveHandler {
  /**
   * One message. `body` is the receiver's to keep and to overwrite. `context` goes back into
   * `reply` and `settle`, each at most once. Called on the event loop, one at a time.
   */
  message(body: Buffer, redelivered: boolean, context: unknown): void;
  /** The connection is gone (and will be retried) or back. */
  connection(state: 'lost' | 'back', reason: string): void;
  /** Why it is not back yet, in the bus's own words. */
  hindered(reason: string): void;
}

export interface Receiver {
  /** Answers a call. Fire and forget: a reply that cannot be sent is a lost reply, found by the ledger. */
  reply(context: unknown, body: Buffer): void;
  /** Tells the bus the message is handled (acknowledge, accept). A no-op at most once. */
  settle(context: unknown): void;
  close(): Promise<void>;
}

export interface SendHandler {
  /** `send` returned false before and may be tried again. */
  writable(): void;
  /** The bus confirmed the message sent with this token (confirm, settled disposition). Never called at most once. */
  accepted(token: number): void;
  /**
   * The bus refused it. `outcome` is a class in kebab-case: unroutable, nacked, rejected, released, modified, refused;
   * connection-lost (sent, unconfirmed, and now unknown); closed (likewise, and the bus said that it closed the way
   * because of a message, but not of which one). `reason` is the bus's own words.
   */
  refused(token: number, outcome: string, reason: string): void;
  /**
   * The bus closed the way of this peer because of a message that was too large, as every body of `bytes` and more is,
   * and threw away what was sent after it. To be told before what was unconfirmed is refused.
   */
  tooLarge(bytes: number, reason: string): void;
  /** Why the bus takes nothing just now, in its own words: it blocks, or refuses to reconnect. Null once that is over. */
  hindered(reason: string | null): void;
  /** The bus gave back a probe of this route, as far as the protocol tells: nobody can be reached there yet. */
  probeReturned(route: number): void;
  /** A reply to a call of this peer; correlate by its header. */
  reply(body: Buffer): void;
  /** As for receivers; `which` tells the connections of one peer apart where it has several. */
  connection(state: 'lost' | 'back', reason: string, which?: string): void;
}

export interface Sender {
  /** Ways to a server that a probe must prove: 1 behind a broker, one a server where peers dial peers. */
  readonly routes: number;
  /**
   * Hands one message to the library. True: the library took it, the message is *sent*, and the driver
   * owns `body`. False: the bus pushes back (no credit, full, blocked, disconnected), nothing was taken, and
   * `writable` will be called. `token` comes back in `accepted` or `refused`.
   */
  send(body: Buffer, token: number): boolean;
  /** The same on one given route, for the ready barrier. */
  probe(body: Buffer, route: number): boolean;
  /** Fault: cuts the connection under this peer at the socket, as a network would; the driver then reconnects. */
  disconnect(): void;
  close(): Promise<void>;
}
