/**
 * | | |
 * |---|---|
 * | library | zeromq 6, which brings its own libzmq 4.3.5 with the draft API |
 * | protocol | ZMTP 3.1 over TCP: a ROUTER a server; a DEALER for each client and server, or process and server (shared) |
 * | supports | call, cast, fanout, notify; at-most-once only; choice round-robin, random, closest; direct or by proxy |
 * | acknowledgement | none: "sent" means queued by libzmq for a peer that is connected |
 * | refused | unroutable when no server has the topic; connection-lost when libzmq refused after all |
 * | back-pressure | every server that may be chosen is full or disconnected: `send` is false |
 * | limits | 2 files a connection at the client, 1 at the server; a broken connection loses what it carries |
 */
import type { Context, Router } from 'zeromq';
import { seededRandom } from '../../../topologies/random.ts';
import { DriverError } from '../../errors.ts';
import type { Announcement, ClientPeer, ServerPeer } from '../../protocol.ts';
import type {
  Driver,
  DriverOptions,
  ReceiveHandler,
  Receiver,
  Sender,
  SendHandler,
  Session,
} from '../driver.ts';
import { groupOf, makeGroups, type Start, startOf } from './choice.ts';
import {
  type Dial,
  type ServerEntry,
  tcpUrl,
  type ZeromqDirectory,
  type ZeromqEndpoint,
} from './endpoint.ts';
import { FullLinks, Link } from './link.ts';
import { type Choice, ZeromqSender } from './sender.ts';
import { makeRouter, pump, sharedContext, versions } from './socket.ts';

export const zeromqDriver: Driver<'zeromq'> = {
  connect: (options) => Promise.resolve(new ZeromqSession(options)),
};

class ZeromqSession implements Session<'zeromq'> {
  readonly versions: { readonly [name: string]: string } = versions;
  readonly #options: DriverOptions<'zeromq'>;
  readonly #endpoint: ZeromqEndpoint;
  readonly #context: Context;
  readonly #start: Start;
  readonly #full = new FullLinks();
  readonly #routers = new Map<number, Router>();
  readonly #announcements: Announcement[] = [];
  readonly #links = new Set<Link>();
  /** Links of all clients of this process, by URL, where connections are shared. */
  readonly #shared = new Map<string, Link>();

  constructor(options: DriverOptions<'zeromq'>) {
    this.#options = options;
    this.#endpoint = options.endpoint;
    this.#context = sharedContext(this.#endpoint.ioThreads);
    this.#start = startOf(this.#endpoint.choice, options.seed);
  }

  announcements(): readonly Announcement[] {
    return this.#announcements;
  }

  async openReceiver(peer: ServerPeer, handler: ReceiveHandler): Promise<Receiver> {
    const { address, highWaterMark } = this.#endpoint;
    const before = this.#options.announced?.find(({ server }) => server === peer.index);
    const url = tcpUrl({ address, port: before?.port ?? 0 });
    const router = makeRouter(this.#context, highWaterMark);
    this.#routers.set(peer.index, router);
    try {
      await router.bind(url);
    } catch (cause) {
      throw new DriverError(
        'ZEROMQ_BIND',
        `server ${peer.name} could not listen on ${url}: ${(cause as Error).message}`,
        'Check that the address belongs to this host and that file descriptors are left (`ulimit -n`).',
        { cause },
      );
    }
    const port = Number(router.lastEndpoint?.split(':').at(-1));
    this.#announcements.push({ server: peer.index, port });
    // The frames before the body are the way back: they become the context, and the reply takes the body's place.
    void pump(router, (parts) => {
      const body = parts[parts.length - 1];
      if (body !== undefined && parts.length > 1) handler.message(body, false, parts);
    });
    return {
      reply: (context, body) => {
        // The server may have thought about it for longer than the run lasted.
        if (router.closed) return;
        const parts = context as Buffer[];
        parts[parts.length - 1] = body;
        router.send(parts).catch(ignore);
      },
      settle: ignore,
      close: () => {
        router.close();
        return Promise.resolve();
      },
    };
  }

  async openSender(
    peer: ClientPeer,
    directory: ZeromqDirectory,
    handler: SendHandler,
    signal: AbortSignal,
  ): Promise<Sender> {
    const choice = this.#choose(peer, directory);
    const sender = new ZeromqSender(peer, choice, handler, (link) => this.#release(link));
    await untilReady(
      peer,
      choice.groups.flatMap(({ members }) => members),
      signal,
    );
    return sender;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const router of this.#routers.values()) router.close();
    for (const link of this.#links) link.close();
    return Promise.resolve();
  }

  /** Dials every server that this client may ever choose. */
  #choose(peer: ClientPeer, directory: ZeromqDirectory): Choice {
    const { proxy } = directory;
    const wanted = directory.servers.filter(
      ({ topic, server }) =>
        topic === peer.topic && (peer.server === null || peer.server === server),
    );
    if (proxy !== null && wanted.length > 0) {
      return {
        groups: [groupOf(this.#link(proxy))],
        routes: largestGroup(wanted),
        start: this.#start,
      };
    }
    const { failover } = this.#options;
    // Clients start their rounds all over the servers; by index, the first call of each would stay at its own site.
    const next = Math.floor(seededRandom(this.#options.seed, peer.index)() * 2 ** 31);
    const groups = makeGroups(wanted, failover, next, (entry) => this.#link(entry));
    const routes = Math.max(0, ...groups.map(({ members }) => members.length));
    return { groups, routes, start: this.#start };
  }

  #link(dial: Dial): Link {
    const known = this.#shared.get(tcpUrl(dial));
    if (known !== undefined) return known;
    const link = new Link(dial, {
      context: this.#context,
      highWaterMark: this.#endpoint.highWaterMark,
      reconnect: this.#options.reconnect,
      full: this.#full,
    });
    this.#links.add(link);
    if (this.#options.connections === 'shared') this.#shared.set(link.url, link);
    return link;
  }

  #release(link: Link): void {
    if (link.users > 0) return;
    link.close();
    this.#links.delete(link);
    this.#shared.delete(link.url);
  }
}

function largestGroup(entries: readonly ServerEntry[]): number {
  const sizes = new Map<number, number>();
  for (const { subscriber } of entries) sizes.set(subscriber, (sizes.get(subscriber) ?? 0) + 1);
  return Math.max(0, ...sizes.values());
}

async function untilReady(
  peer: ClientPeer,
  links: readonly Link[],
  signal: AbortSignal,
): Promise<void> {
  let onAbort: () => void = ignore;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      const missing = links.filter((link) => !link.up).map((link) => link.url);
      reject(
        new DriverError(
          'ZEROMQ_NOT_CONNECTED',
          `client ${peer.name}: no answer from ${missing.join(', ')}`,
          'The server (or proxy) there is not running or the route to it is cut; see its log.',
          { cause: signal.reason },
        ),
      );
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([Promise.all(links.map((link) => link.ready)), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function ignore(): void {}
