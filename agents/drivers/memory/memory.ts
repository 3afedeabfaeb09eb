/**
 * | | |
 * |---|---|
 * | library | none: a queue inside the agent process |
 * | protocol | function calls, one batch a turn of the event loop |
 * | supports | call, cast, fanout, notify; at-most-once, at-least-once; choice round-robin, random; seeded faults, counted |
 * | acknowledgement | at least once: the queue took the message; what vanishes after that, the bus has lost |
 * | refused | unroutable; connection-lost for what was queued when its client was cut off |
 * | back-pressure | more requests queued than `capacity`: `send` is false |
 * | limits | clients and servers in one process: its numbers are the toolkit's own floor |
 */

import { seededRandom } from '../../../topologies/random.ts';
import { nowUs } from '../../clock.ts';
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
import type { MemoryEndpoint } from './endpoint.ts';
import { FaultyDelivery, type MemoryCounters, type Server, type Timers } from './faults.ts';

export interface MemorySession extends Session<'memory'> {
  /** What the faults really did, to be compared with what the ledger found. */
  readonly counters: Readonly<MemoryCounters>;
}

interface MemoryDriver extends Driver<'memory'> {
  connect(options: DriverOptions<'memory'>, signal: AbortSignal): Promise<MemorySession>;
}

export const memoryDriver: MemoryDriver = {
  connect: (options) => Promise.resolve(new MemoryHub(options)),
};

/** One copy of a request, or an answer, on its way; also the context a receiver gives back. */
interface Message {
  readonly sender: MemorySender;
  /** The sender's connection that it belongs to: a later one means that it was cut off. */
  readonly epoch: number;
  readonly server: Server | null;
  readonly body: Buffer;
  readonly reply: boolean;
  readonly probe: boolean;
  /** To confirm or refuse; null for further copies, probes and answers. */
  readonly token: number | null;
  readonly dueUs: number;
}

class MemoryHub implements MemorySession {
  readonly versions: { readonly [name: string]: string } = {};
  readonly counters: MemoryCounters;
  readonly reconnectMs: number;
  readonly timers: Timers;
  readonly #confirms: boolean;
  readonly #options: MemoryEndpoint;
  readonly #random: () => number;
  readonly #delivery: FaultyDelivery;
  /** Servers by topic, then by subscriber: one of each group gets a copy. */
  readonly #topics = new Map<number, Map<number, { servers: Server[]; next: number }>>();
  readonly #blocked = new Set<MemorySender>();
  #queue: Message[] = [];
  #head = 0;
  #requests = 0;
  #scheduled = false;
  #closed = false;

  constructor(options: DriverOptions<'memory'>) {
    this.#options = options.endpoint;
    this.#confirms = options.guarantee === 'at-least-once';
    this.#random = seededRandom(options.seed);
    this.#delivery = new FaultyDelivery(this.#options, this.#random);
    this.counters = this.#delivery.counters;
    this.timers = this.#delivery.timers;
    this.reconnectMs = options.reconnect.minMs;
  }

  announcements(): readonly Announcement[] {
    return [];
  }

  openReceiver(peer: ServerPeer, handler: ReceiveHandler): Promise<Receiver> {
    const groups = this.#topics.get(peer.topic) ?? new Map();
    this.#topics.set(peer.topic, groups);
    const group = groups.get(peer.subscriber) ?? { servers: [], next: 0 };
    groups.set(peer.subscriber, group);
    const server: Server = { peer, handler, held: new Map(), open: true };
    group.servers.push(server);
    return Promise.resolve({
      reply: (context: unknown, body: Buffer) => this.#answer(context as Message, body),
      settle: () => {},
      close: () => {
        group.servers = group.servers.filter((other: Server) => other !== server);
        this.#delivery.close(server);
        return Promise.resolve();
      },
    });
  }

  openSender(peer: ClientPeer, _directory: null, handler: SendHandler): Promise<Sender> {
    return Promise.resolve(new MemorySender(this, peer, handler));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.timers.clear();
    this.#queue = [];
    this.#head = 0;
    return Promise.resolve();
  }

  /** Queues one copy for each group of the topic; false when the queue is full. */
  take(sender: MemorySender, body: Buffer, token: number, probe: boolean): boolean {
    if (this.#closed) return false;
    if (this.#requests >= this.#options.capacity && !probe) {
      this.#blocked.add(sender);
      return false;
    }
    if (!probe) this.counters.sent++;
    const servers = this.#route(sender.peer);
    for (const [n, server] of servers.entries()) {
      // Each receiver may overwrite what it gets.
      const copy = n === 0 ? body : Buffer.from(body);
      this.#push(sender, server, copy, false, probe, n === 0 && !probe ? token : null);
    }
    if (servers.length === 0 && !probe) this.#push(sender, null, body, false, false, token);
    return true;
  }

  #route(client: ClientPeer): Server[] {
    const groups = this.#topics.get(client.topic);
    const targets: Server[] = [];
    if (groups === undefined) return targets;
    for (const group of groups.values()) {
      if (client.server !== null) {
        targets.push(...group.servers.filter((server) => server.peer.index === client.server));
        continue;
      }
      const count = group.servers.length;
      const at =
        this.#options.choice === 'random'
          ? Math.floor(this.#random() * count)
          : group.next++ % count;
      const server = group.servers[at];
      if (server !== undefined) targets.push(server);
    }
    return targets;
  }

  #answer(request: Message, body: Buffer): void {
    if (this.#closed) return;
    if (!request.probe) {
      this.counters.replies++;
      const loss = this.#options.replyLossPercent;
      if (loss > 0 && this.#random() * 100 < loss) {
        this.counters.repliesLost++;
        return;
      }
    }
    this.#push(request.sender, request.server, body, true, request.probe, null);
  }

  #push(
    sender: MemorySender,
    server: Server | null,
    body: Buffer,
    reply: boolean,
    probe: boolean,
    token: number | null,
  ): void {
    const dueUs = this.#options.delayUs === 0 ? 0 : nowUs() + this.#options.delayUs;
    const epoch = sender.epoch;
    this.#queue.push({ sender, epoch, server, body, reply, probe, token, dueUs });
    if (!reply) this.#requests++;
    this.#schedule(dueUs);
  }

  /** The delay is the same for all, so the head of the queue is always due first. */
  #schedule(dueUs: number): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    // Timers fire up to 1 ms late: the last stretch is spent turning the event loop.
    const waitMs = dueUs === 0 ? 0 : Math.floor((dueUs - nowUs()) / 1000) - 1;
    if (waitMs > 0) this.timers.after(waitMs, () => this.#drain());
    else setImmediate(() => this.#drain());
  }

  /** Delivers what is due now; what that gives rise to waits for the next turn. */
  #drain(): void {
    this.#scheduled = false;
    const end = this.#queue.length;
    const now = this.#options.delayUs === 0 ? 0 : nowUs();
    while (this.#head < end && !this.#closed) {
      const message = this.#queue[this.#head];
      if (message === undefined || message.dueUs > now) break;
      this.#head++;
      this.#pass(message);
    }
    this.#compact();
    const first = this.#queue[this.#head];
    if (first !== undefined) this.#schedule(first.dueUs);
    if (this.#blocked.size === 0 || this.#requests >= this.#options.capacity) return;
    const waiting = [...this.#blocked];
    this.#blocked.clear();
    for (const sender of waiting) sender.wake();
  }

  #compact(): void {
    if (this.#head < this.#queue.length && this.#head < 4096) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }

  #pass(message: Message): void {
    const { sender, server, token } = message;
    if (!message.reply) this.#requests--;
    if (message.epoch !== sender.epoch || sender.closed) {
      if (!message.probe && !message.reply) this.counters.dropped++;
      if (token !== null && this.#confirms) {
        sender.handler.refused(token, 'connection-lost', 'disconnected before it was queued');
      }
    } else if (message.reply) {
      sender.handler.reply(message.body);
    } else if (server === null) {
      this.counters.unroutable++;
      const reason = `no server listens on topic ${sender.peer.topic}`;
      if (token !== null) sender.handler.refused(token, 'unroutable', reason);
    } else {
      if (token !== null && this.#confirms) sender.handler.accepted(token);
      this.#delivery.deliver(message, server);
    }
  }
}

class MemorySender implements Sender {
  readonly routes = 1;
  readonly peer: ClientPeer;
  readonly handler: SendHandler;
  epoch = 0;
  closed = false;
  readonly #hub: MemoryHub;
  #down = false;

  constructor(hub: MemoryHub, peer: ClientPeer, handler: SendHandler) {
    this.#hub = hub;
    this.peer = peer;
    this.handler = handler;
  }

  send(body: Buffer, token: number): boolean {
    return !this.#down && this.#hub.take(this, body, token, false);
  }

  probe(body: Buffer): boolean {
    return !this.#down && this.#hub.take(this, body, 0, true);
  }

  disconnect(): void {
    if (this.#down || this.closed) return;
    this.#down = true;
    this.epoch++;
    this.handler.connection('lost', 'disconnected by a fault');
    this.#hub.timers.after(this.#hub.reconnectMs, () => {
      this.#down = false;
      if (this.closed) return;
      this.handler.connection('back', 'reconnected');
      this.handler.writable();
    });
  }

  wake(): void {
    if (!this.#down && !this.closed) this.handler.writable();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
