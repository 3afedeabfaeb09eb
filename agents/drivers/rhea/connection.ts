import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError } from '../../errors.ts';
import { closeGraceMs, dial, type Live, type Loss } from './dial.ts';
import type { RheaEndpoint, RheaServer } from './endpoint.ts';
import type { Way } from './way.ts';

/** What lives on a connection: it attaches its links again each time the connection is back. */
export interface Peer {
  /** Settles when the bus has confirmed the links; `until` aborts when the connection goes or nobody waits any more. */
  attach(way: Way, until: AbortSignal): Promise<void>;
  lost(loss: Loss): void;
  back(): void;
  /** It is not back yet, for this reason. */
  hindered(reason: string): void;
  /** The bus may take more: credit, window or socket changed. */
  flowed(): void;
}

export interface ConnectionSettings {
  readonly endpoint: RheaEndpoint;
  /** AMQP container id: shows up in the bus's own tools. */
  readonly container: string;
  readonly failover: boolean;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly random: () => number;
  /** Whether messages may go around rhea's public face, where its inside is as we know it. */
  readonly hooks: boolean;
  /** Told of members of rhea that are not as we know them. */
  differs(members: readonly string[]): void;
}

/** Bytes waiting in the socket beyond which the driver takes nothing more. */
const socketHighWaterBytes = 256 * 1024;

/** One AMQP connection that comes back by itself: rhea's own reconnection is off, nothing is sent again. */
export class RheaConnection {
  readonly #settings: ConnectionSettings;
  readonly #peers = new Set<Peer>();
  /** Peers that were refused and want to hear when that may have changed. */
  readonly #waiting = new Set<Peer>();
  #live: Live | null = null;
  #corked: Socket | null = null;
  #gatheredBytes = 0;
  readonly #closing = new AbortController();
  readonly #events = {
    flowed: (): void => this.#flowed(),
    differs: (members: readonly string[]): void => this.#settings.differs(members),
    gone: (live: Live, loss: Loss): void => this.#gone(live, loss),
  };

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** First connection; tries every server once. Rejects with RHEA_CONNECT_FAILED. */
  async open(signal: AbortSignal): Promise<void> {
    const servers = this.#servers();
    let cause: unknown;
    for (const server of servers) {
      try {
        await this.#dial(server, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        cause = error;
      }
    }
    const places = servers.map((server) => `${server.host}:${server.port}`).join(', ');
    throw new DriverError(
      'RHEA_CONNECT_FAILED',
      `rhea driver: expected an AMQP 1.0 peer at ${places}, got: ${messageOf(cause)}`,
      'Check that the bus listens there, speaks AMQP 1.0 and accepts these credentials.',
      { cause },
    );
  }

  /** Adds a peer and attaches its links. Rejects with RHEA_OPEN_FAILED. */
  async add(peer: Peer, signal: AbortSignal): Promise<void> {
    const live = this.#live;
    if (live === null) throw openFailed('the connection is down');
    try {
      await peer.attach(live.way, AbortSignal.any([live.lost.signal, signal]));
    } catch (error) {
      signal.throwIfAborted();
      throw openFailed(messageOf(error), error);
    }
    this.#peers.add(peer);
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer);
    this.#waiting.delete(peer);
  }

  /** Calls `peer.flowed` once, when credit, window or socket next change. */
  wait(peer: Peer): void {
    this.#waiting.add(peer);
  }

  /** Aborted when the connection that stands now goes; null while there is none. */
  get lost(): AbortSignal | null {
    return this.#live?.lost.signal ?? null;
  }

  /** Product and version of the other end, as it introduced itself. */
  get peerVersion(): readonly [product: string, version: string] | null {
    const properties = this.#live?.connection.properties;
    if (properties === undefined || properties === null) return null;
    return [String(properties['product'] ?? 'peer'), String(properties['version'] ?? 'unknown')];
  }

  /** False while the socket, with what rhea will write to it in this tick, has more to send than it should. */
  get writable(): boolean {
    const live = this.#live;
    if (live === null) return false;
    return live.socket.writableLength + this.#gatheredBytes < socketHighWaterBytes;
  }

  /** Gathers everything written in this tick into one write. Call before handing `bytes` to rhea. */
  gather(bytes: number): void {
    this.#gatheredBytes += bytes;
    const socket = this.#live?.socket ?? null;
    if (socket === null || this.#corked === socket) return;
    this.#corked = socket;
    socket.cork();
    process.nextTick(() => {
      // rhea writes in a tick of its own that was queued before or by the message just sent.
      process.nextTick(() => {
        this.#corked = null;
        this.#gatheredBytes = 0;
        socket.uncork();
      });
    });
  }

  /** A peer's link was detached by the bus: that peer alone is lost and attaches again. */
  relink(peer: Peer, loss: Loss): void {
    const live = this.#live;
    if (live === null || !this.#peers.has(peer)) return;
    peer.lost(loss);
    void this.#attachAgain(live, peer);
  }

  /** As a network fault would: no goodbye. */
  cut(): void {
    this.#live?.socket.destroy();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#peers.clear();
    this.#waiting.clear();
    const live = this.#live;
    this.#live = null;
    if (live === null || live.socket.destroyed) return;
    const closed = new Promise<void>((resolve) => live.socket.once('close', () => resolve()));
    live.connection.close();
    const timer = setTimeout(() => live.socket.destroy(), closeGraceMs);
    await closed;
    clearTimeout(timer);
  }

  #servers(): readonly RheaServer[] {
    const { endpoint, failover } = this.#settings;
    return failover ? endpoint.servers : endpoint.servers.slice(0, 1);
  }

  async #dial(server: RheaServer, signal: AbortSignal): Promise<void> {
    const { endpoint, container, hooks } = this.#settings;
    this.#live = await dial(server, endpoint, container, hooks, this.#events, signal);
  }

  #flowed(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const peer of waiting) peer.flowed();
  }

  #gone(live: Live, loss: Loss): void {
    if (this.#live !== live) return;
    this.#live = null;
    for (const peer of this.#peers) peer.lost(loss);
    void this.#recover();
  }

  /** Dials until it is back or closed: every server in turn, waiting longer each round up to the bound. */
  async #recover(): Promise<void> {
    const servers = this.#servers();
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      if (!(await this.#pause(attempt))) return;
      const server = servers[attempt % servers.length];
      if (server === undefined) return;
      try {
        await this.#dial(server, this.#closing.signal);
      } catch (error) {
        for (const peer of this.#peers) peer.hindered(messageOf(error));
        continue;
      }
      const live = this.#live;
      if (live === null) return;
      for (const peer of this.#peers) void this.#attachAgain(live, peer);
      return;
    }
  }

  async #attachAgain(live: Live, peer: Peer): Promise<void> {
    for (let attempt = 0; this.#live === live && this.#peers.has(peer); attempt++) {
      try {
        await peer.attach(live.way, live.lost.signal);
        if (this.#live === live) peer.back();
        return;
      } catch (error) {
        if (this.#live === live) peer.hindered(messageOf(error));
        if (!(await this.#pause(attempt))) return;
      }
    }
  }

  /** Waits min, 2 min, 4 min ... at most max, less up to a quarter so that many clients spread. False when closed. */
  async #pause(attempt: number): Promise<boolean> {
    const { reconnect, random } = this.#settings;
    const fullMs = Math.min(reconnect.maxMs, reconnect.minMs * 2 ** Math.min(attempt, 20));
    try {
      await sleep(fullMs * (1 - random() / 4), undefined, { signal: this.#closing.signal });
      return true;
    } catch {
      return false;
    }
  }
}

function openFailed(what: string, cause?: unknown): DriverError {
  return new DriverError(
    'RHEA_OPEN_FAILED',
    `rhea driver: expected the bus to open a link, got: ${what}`,
    'See the log of the bus node; an address may need a right, a plugin or another name there.',
    { cause },
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
