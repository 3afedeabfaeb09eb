import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import rhea, {
  type Connection,
  type ConnectionDetails,
  type ConnectionOptions,
  type EventContext,
  type Session,
} from 'rhea';
import { DriverError } from '../errors.ts';
import type { RheaEndpoint, RheaServer } from './rhea-endpoint.ts';
import { openRawSession } from './rhea-library.ts';

/** What lives on a connection: it attaches its links again each time the connection is back. */
export interface Peer {
  /** Settles when the bus has confirmed the links. `lost` aborts when the connection goes. */
  attach(session: Session, lost: AbortSignal): Promise<void>;
  lost(reason: string): void;
  back(): void;
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
}

/** A bus that accepts the socket and then says nothing is given up after this. */
const dialTimeoutMs = 10_000;
/** Deliveries a session keeps track of; the credit of all its links has to fit. */
const sessionBufferSize = 32_768;
/** Bytes waiting in the socket beyond which the driver takes nothing more. */
const socketHighWaterBytes = 256 * 1024;
const closeGraceMs = 1_000;

interface Live {
  readonly connection: Connection;
  readonly session: Session;
  readonly socket: Socket;
  readonly lost: AbortController;
}

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
      await peer.attach(live.session, AbortSignal.any([live.lost.signal, signal]));
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
  relink(peer: Peer, reason: string): void {
    const live = this.#live;
    if (live === null || !this.#peers.has(peer)) return;
    peer.lost(reason);
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
    const lost = new AbortController();
    let socket: Socket | undefined;
    let reason = '';
    const connection = rhea.create_container().create_connection({
      ...this.#rheaOptions(server),
      connection_details: (): ConnectionDetails => ({
        host: server.host,
        port: server.port,
        connect: (_port: number, _host: string, _options: unknown, connected: () => void) => {
          socket = this.#openSocket(server, connected);
          socket.on('error', (error) => {
            reason ||= error.message;
          });
          return socket;
        },
      }),
    } as unknown as ConnectionOptions);
    const note = (text: string): void => {
      reason ||= text;
      // The other end said goodbye or broke the protocol; a socket it leaves open is of no use.
      setTimeout(() => socket?.destroy(), closeGraceMs).unref();
    };
    for (const event of [
      'connection_error',
      'connection_close',
      'session_error',
      'session_close',
    ]) {
      connection.on(event, (context: EventContext) => note(reasonOf(context, event)));
    }
    connection.on('disconnected', (context: EventContext) =>
      note(reasonOf(context, 'disconnected')),
    );
    connection.on('protocol_error', (error: Error) => note(error.message));
    connection.on('error', (error: Error) => note(error.message));
    connection.connect();
    if (socket === undefined) throw new Error('rhea did not open a socket');
    const live: Live = {
      connection,
      session: openRawSession(connection, sessionBufferSize, () => this.#flowed()),
      socket,
      lost,
    };
    socket.once('close', () => this.#gone(live, reason || 'the connection was closed'));
    try {
      await opened(connection, lost.signal, signal);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.on('drain', () => this.#flowed());
    this.#live = live;
  }

  #rheaOptions(server: RheaServer): Record<string, unknown> {
    const { endpoint, container } = this.#settings;
    const { tls } = endpoint;
    const external = server.user === null && tls.cert !== null;
    return {
      container_id: container,
      hostname: tls.serverName ?? server.host,
      host: server.host,
      port: server.port,
      reconnect: false,
      idle_time_out: endpoint.idleTimeoutMs,
      ...(external
        ? { cert: tls.cert, enable_sasl_external: true }
        : { username: server.user ?? 'anonymous' }),
      ...(server.password === null ? {} : { password: server.password }),
    };
  }

  #openSocket(server: RheaServer, connected: () => void): Socket {
    const { tls } = this.#settings.endpoint;
    const { host, port } = server;
    if (!server.secure) return connectTcp({ host, port, noDelay: true }, connected);
    const socket = connectTls(
      {
        host,
        port,
        servername: tls.serverName ?? host,
        rejectUnauthorized: tls.verify,
        ...(tls.ca === null ? {} : { ca: tls.ca }),
        ...(tls.cert === null ? {} : { cert: tls.cert }),
        ...(tls.key === null ? {} : { key: tls.key }),
      },
      connected,
    );
    socket.setNoDelay(true);
    return socket;
  }

  #flowed(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const peer of waiting) peer.flowed();
  }

  #gone(live: Live, reason: string): void {
    live.lost.abort(new Error(reason));
    if (this.#live !== live) return;
    this.#live = null;
    for (const peer of this.#peers) peer.lost(reason);
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
      } catch {
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
        await peer.attach(live.session, live.lost.signal);
        if (this.#live === live) peer.back();
        return;
      } catch {
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

/** Settles when the other end has answered our open; rejects when the socket goes first. */
async function opened(
  connection: Connection,
  lost: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  const until = AbortSignal.any([lost, signal, AbortSignal.timeout(dialTimeoutMs)]);
  await new Promise<void>((resolve, reject) => {
    if (until.aborted) reject(until.reason);
    until.addEventListener('abort', () => reject(until.reason), { once: true });
    connection.once('connection_open', () => resolve());
  });
}

function reasonOf(context: EventContext, event: string): string {
  const error = context.error ?? context.session?.error ?? context.connection.error;
  if (error === undefined || error === null) return event.replace('_', ' ');
  const { condition, description, message } = error as {
    readonly condition?: string;
    readonly description?: string;
    readonly message?: string;
  };
  return [condition, description ?? message].filter((text) => text !== undefined).join(': ');
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
