import type { AddressInfo, Server } from 'node:net';
import rhea, { type Container, type EventContext } from 'rhea';
import { onTestFinished } from 'vitest';
import type { DriverOptions, Session } from '../../agents/drivers/driver.ts';
import { encodeMessage } from '../../agents/drivers/rhea/codec.ts';
import type { RheaEndpoint, RheaServer } from '../../agents/drivers/rhea/endpoint.ts';
import { rheaDriver } from '../../agents/drivers/rhea/rhea.ts';
import { request, TestClient } from '../contract/driver-peers.ts';

export const patience = (): AbortSignal => AbortSignal.timeout(10_000);
export const clientPeer = { index: 0, name: 'client/0', site: 0, topic: 0, server: null };
export const serverPeer = { index: 0, name: 'server/0', site: 0, topic: 0, subscriber: 0 };

/** The other end of AMQP 1.0, doing what a test tells it: rhea itself, listening. */
export class Peer implements AsyncDisposable {
  readonly container: Container = rhea.create_container();
  readonly server: Server;
  readonly connections: EventContext['connection'][] = [];

  constructor(options: Record<string, unknown> = {}) {
    this.container.on('connection_open', ({ connection }: EventContext) => {
      this.connections.push(connection);
    });
    for (const event of ['disconnected', 'connection_error', 'error']) {
      this.container.on(event, () => undefined);
    }
    const local = { port: 0, host: '127.0.0.1', receiver_options: { autoaccept: false } };
    this.server = this.container.listen({ ...local, ...options });
  }

  async url(scheme = 'amqp', user = ''): Promise<string> {
    if (!this.server.listening) await new Promise((up) => this.server.once('listening', up));
    const { port } = this.server.address() as AddressInfo;
    return `${scheme}://${user}127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((closed) => this.server.close(closed));
  }
}

/** A peer whose sessions begin at `start`, as those of RabbitMQ 4 do at 2^32 - 4, and that sends `count` messages. */
export function sendsFrom(peer: Peer, start: number, count: number): void {
  interface Inside {
    readonly local: { readonly begin: { next_outgoing_id: number } };
    output(frame: object, payload?: Buffer): void;
  }
  peer.container.on('session_open', ({ session }: EventContext) => {
    (session as unknown as Inside).local.begin.next_outgoing_id = start;
  });
  peer.container.once('sendable', ({ sender }: EventContext) => {
    if (sender === undefined) return;
    // The library at the other end counts on from 0: what it sends is renumbered on its way.
    const inside = sender.session as unknown as Inside;
    const { output } = inside;
    inside.output = (frame: { delivery_id?: number }, payload): void => {
      if (typeof frame.delivery_id === 'number') {
        frame.delivery_id = (start + frame.delivery_id) >>> 0;
      }
      output.call(inside, frame, payload);
    };
    const send = (): void => {
      for (let i = 0; i < count; i++) {
        sender.send(encodeMessage(Buffer.alloc(0), request(0, i)), Buffer.from([i]), 0);
      }
    };
    setTimeout(send, 50);
  });
}

const shared = 'topic-{topic}';
const own = `${shared}.server-{server}`;

/** Servers by URL, at addresses of a topic and of each server; what is given replaces what a plain peer needs. */
export function plainEndpoint(
  urls: readonly string[],
  given: Partial<RheaEndpoint> = {},
): RheaEndpoint {
  return {
    servers: urls.map(serverAt),
    tls: { ca: null, cert: null, key: null, serverName: null },
    hostname: null,
    addresses: { receive: [shared, own], send: shared, sendOne: own, reply: null },
    replies: 'anonymous',
    credit: 100,
    durable: false,
    idleTimeoutMs: 8_000,
    ...given,
  };
}

function serverAt(url: string): RheaServer {
  const { protocol, hostname: host, port, username, password } = new URL(url);
  const text = (part: string): string | null => (part === '' ? null : decodeURIComponent(part));
  const secure = protocol === 'amqps:';
  return { secure, host, port: Number(port), user: text(username), password: text(password) };
}

/** A session that is closed after the test. */
export async function connect(
  urls: readonly string[],
  options: Partial<DriverOptions<'rhea'>> = {},
  endpoint: Partial<RheaEndpoint> = {},
): Promise<Session> {
  const session = await rheaDriver.connect(
    {
      run: 'r1',
      process: 'client.paris',
      pattern: 'cast',
      guarantee: 'at-least-once',
      connections: 'own',
      failover: false,
      reconnect: { minMs: 20, maxMs: 100 },
      seed: 1,
      endpoint: plainEndpoint(urls, endpoint),
      ...options,
    },
    patience(),
  );
  onTestFinished(() => session[Symbol.asyncDispose]());
  return session;
}

export async function openClient(session: Session): Promise<TestClient> {
  const client = new TestClient(0);
  client.sender = await session.openSender(clientPeer, null, client, patience());
  return client;
}
