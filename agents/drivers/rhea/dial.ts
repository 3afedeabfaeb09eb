import { setMaxListeners } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import rhea, {
  type Connection,
  type ConnectionDetails,
  type ConnectionOptions,
  type EventContext,
} from 'rhea';
import { DriverError } from '../../errors.ts';
import type { RheaEndpoint, RheaServer } from './endpoint.ts';
import { beginSession } from './inside-way.ts';
import { rheaVersion, settledBefore } from './library.ts';
import type { Way, WayEvents } from './way.ts';

/** An open connection with its one session, and the way messages take through it. */
export interface Live {
  readonly connection: Connection;
  readonly way: Way;
  readonly socket: Socket;
  /** Aborted when the socket is gone. */
  readonly lost: AbortController;
}

export interface LiveEvents extends WayEvents {
  /** The socket is gone, whether or not it was ever of use. */
  gone(live: Live, loss: Loss): void;
}

/** Why a way to the bus is gone. */
export interface Loss {
  readonly reason: string;
  /** The bus ended the link or session with an error, which may be about a message that was sent on it. */
  readonly ended: boolean;
}

/** A peer that is told goodbye, or says it, has this long to close its socket. */
export const closeGraceMs = 1_000;
/** A bus that accepts the socket and then says nothing is given up after this. */
const dialTimeoutMs = 10_000;

/** Connects, authenticates and opens; rejects with whatever stood in the way. `hooks`: as of `beginSession`. */
export async function dial(
  server: RheaServer,
  endpoint: RheaEndpoint,
  container: string,
  hooks: boolean,
  events: LiveEvents,
  signal: AbortSignal,
): Promise<Live> {
  const lost = new AbortController();
  // Every link that is being attached listens.
  setMaxListeners(0, lost.signal);
  const sockets: Socket[] = [];
  let reason = '';
  let ended = false;
  let live: Live | null = null;
  const details = (): ConnectionDetails => ({
    host: server.host,
    port: server.port,
    connect: (_port: number, _host: string, _options: unknown, connected: () => void) => {
      const socket = openSocket(server, endpoint, connected);
      sockets.push(socket);
      return socket;
    },
  });
  const connection = rhea.create_container().create_connection({
    ...rheaOptions(server, endpoint, container),
    connection_details: details,
  } as unknown as ConnectionOptions);
  const note = (text: string): void => {
    reason ||= text;
    // The other end said goodbye or broke the protocol; a socket it leaves open is of no use.
    setTimeout(() => socket?.destroy(), closeGraceMs).unref();
  };
  for (const event of ['connection_error', 'connection_close']) {
    connection.on(event, (context: EventContext) => note(reasonOf(context, event)));
  }
  for (const event of ['session_error', 'session_close']) {
    connection.on(event, (context: EventContext) => {
      ended ||= reason === '' && event === 'session_error';
      note(reasonOf(context, event));
      // There is one session: with it ended the connection is of no use. The other end's goodbye closes the socket.
      if (connection.is_open()) connection.close();
    });
  }
  connection.on('disconnected', (context: EventContext) => note(reasonOf(context, 'disconnected')));
  connection.on('protocol_error', (error: Error) => note(error.message));
  connection.on('error', (error: Error) => {
    note(error.message);
    if (live?.way.inside === false) broken(error);
  });
  connection.connect();
  const [socket] = sockets;
  if (socket === undefined) throw new Error('rhea did not open a socket');
  socket.on('error', (error) => note(error.message));
  const way = beginSession(connection, hooks, events);
  const opened: Live = { connection, way, socket, lost };
  live = opened;
  socket.on('drain', events.flowed);
  socket.once('close', () => {
    lost.abort(new Error(reason || 'the connection was closed'));
    events.gone(opened, { reason: reason || 'the connection was closed', ended });
  });
  try {
    const until = AbortSignal.any([lost.signal, signal, AbortSignal.timeout(dialTimeoutMs)]);
    // Not only the connection: a flow of ours that precedes the other end's begin could not name what it expects next
    // (AMQP 1.0, part 2, 2.7.4), and RabbitMQ 4 ends a session whose peer guesses.
    await settledBefore(until, (resolve) => way.session.once('session_open', () => resolve()));
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return opened;
}

/**
 * A rhea that differs from the one we know and then fails by itself ends the agent: what is lost with its connection is
 * no finding about the bus.
 */
function broken(cause: Error): void {
  queueMicrotask(() => {
    throw new DriverError(
      'RHEA_BROKE',
      `rhea ${rheaVersion}: expected it to read what the bus sends, got: ${cause.message}`,
      'This version of rhea is not the one that busbench knows: install the one of package-lock.json (`npm ci`).',
      { cause },
    );
  });
}

function rheaOptions(
  server: RheaServer,
  endpoint: RheaEndpoint,
  container: string,
): Record<string, unknown> {
  const { tls } = endpoint;
  const external = server.user === null && tls.cert !== null;
  return {
    container_id: container,
    hostname: endpoint.hostname ?? tls.serverName ?? server.host,
    host: server.host,
    port: server.port,
    reconnect: false,
    idle_time_out: endpoint.idleTimeoutMs,
    ...(external
      ? { cert: tls.cert, enable_sasl_external: true }
      : { username: server.user ?? 'anonymous' }),
    ...(server.user === null || server.password === null
      ? {}
      : { sasl_mechanisms: { PLAIN: () => plain(server.user ?? '', server.password ?? '') } }),
  };
}

/** SASL PLAIN (RFC 4616). rhea's own counts characters where it needs bytes, and ends in the middle of an é. */
function plain(
  user: string,
  password: string,
): { start(answer: (error: undefined, response: Buffer) => void): void } {
  return {
    start: (answer) => answer(undefined, Buffer.from(`\0${user}\0${password}`)),
  };
}

function openSocket(server: RheaServer, { tls }: RheaEndpoint, connected: () => void): Socket {
  const { host, port } = server;
  if (!server.secure) return connectTcp({ host, port, noDelay: true }, connected);
  const socket = connectTls(
    {
      host,
      port,
      ...(tls.serverName === null ? {} : { servername: tls.serverName }),
      ...(tls.ca === null ? {} : { ca: tls.ca }),
      ...(tls.cert === null ? {} : { cert: tls.cert }),
      ...(tls.key === null ? {} : { key: tls.key }),
    },
    connected,
  );
  socket.setNoDelay(true);
  return socket;
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
