import type { Context } from 'zeromq';
import { requestHeaderBytes } from '../../header.ts';
import { type Dial, tcpUrl } from './endpoint.ts';
import { pump, ToldDealer } from './socket.ts';

/** Who uses a link: one client, all clients of a process where connections are shared, or a proxy. */
export interface LinkUser {
  /** Which client's replies it gets, where a link has several users. */
  readonly index: number;
  /** The link may take messages again. */
  wake(): void;
  /** Frames of a reply; the last is the body. */
  reply(parts: Buffer[]): void;
  /** libzmq refused a message after all. */
  refused(token: number, reason: string): void;
  connection(state: 'lost' | 'back', reason: string, url: string): void;
}

export interface LinkOptions {
  readonly context: Context;
  readonly highWaterMark: number;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  /** Looks again later whether a full link has room: libzmq has no event for that. */
  readonly full: FullLinks;
}

/** One DEALER connected to one ROUTER. */
export class Link {
  /** Settles when the peer has greeted us for the first time. */
  readonly ready: Promise<void>;
  readonly #url: string;
  readonly #socket: ToldDealer;
  readonly #options: LinkOptions;
  readonly #users = new Map<number, LinkUser>();
  readonly #waiting = new Set<LinkUser>();
  #only: LinkUser | null = null;
  #up = false;
  /** Resolves `ready`; null once it has. */
  #greeted: (() => void) | null = null;
  #reconnectTimer: NodeJS.Timeout | null = null;

  constructor(dial: Dial, options: LinkOptions) {
    this.#url = tcpUrl(dial);
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#greeted = resolve;
    });
    this.#socket = new ToldDealer({
      context: options.context,
      linger: 0,
      ipv6: dial.address.includes(':'),
      sendTimeout: 0,
      sendHighWaterMark: options.highWaterMark,
      // libzmq 4.3.5 counts the message that tells of a lost connection as read, but not as written: with a mark, the
      // pipe would soon seem full for ever. Replies are bounded by the requests that they answer.
      receiveHighWaterMark: 0,
      reconnectInterval: options.reconnect.minMs,
      reconnectMaxInterval: options.reconnect.maxMs,
    });
    this.#socket.connect(this.#url);
    void pump(this.#socket, (parts) => this.#receive(parts));
  }

  get url(): string {
    return this.#url;
  }

  /** Connected, whether there is room or not. */
  get up(): boolean {
    return this.#up;
  }

  get writable(): boolean {
    return this.#up && this.#socket.writable;
  }

  get users(): number {
    return this.#users.size;
  }

  attach(user: LinkUser): void {
    this.#users.set(user.index, user);
    this.#only = this.#users.size === 1 ? user : null;
  }

  detach(user: LinkUser): void {
    this.#users.delete(user.index);
    this.#waiting.delete(user);
    this.#only = null;
  }

  /** Sends; call only when `writable` was just true. */
  send(message: Buffer | Buffer[], user: LinkUser, token: number): void {
    this.#socket.send(message).catch((error: Error) => user.refused(token, error.message));
  }

  /** Wakes `user` when the link is writable again. */
  await(user: LinkUser): void {
    this.#waiting.add(user);
    // A lost link is greeted when it is back.
    if (this.#up) this.#options.full.add(this);
  }

  /** True when there was room and those who waited were woken. */
  wakeIfWritable(): boolean {
    if (!this.writable) return !this.#up;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const user of waiting) user.wake();
    return true;
  }

  /** Cuts the connection and dials again after the shortest reconnect time. What was under way is gone. */
  cut(): void {
    if (this.#reconnectTimer !== null || this.#socket.closed) return;
    this.#socket.disconnect(this.#url);
    this.#lost('disconnected by a fault');
    this.#reconnectTimer = setTimeout(() => {
      this.#reconnectTimer = null;
      this.#socket.connect(this.#url);
    }, this.#options.reconnect.minMs);
  }

  close(): void {
    if (this.#reconnectTimer !== null) clearTimeout(this.#reconnectTimer);
    this.#options.full.delete(this);
    this.#up = false;
    this.#socket.close();
  }

  #receive(parts: Buffer[]): void {
    const body = parts[parts.length - 1];
    if (body === undefined) return;
    if (body.length >= requestHeaderBytes) {
      const user = this.#only ?? this.#users.get(body.readUInt32LE(4));
      user?.reply(parts);
    } else if (body.length === 0) {
      this.#back();
    } else {
      this.#lost('connection lost');
    }
  }

  #back(): void {
    // A greeting that was under way when the connection was cut says nothing.
    if (this.#up || this.#reconnectTimer !== null) return;
    this.#up = true;
    if (this.#greeted !== null) {
      this.#greeted();
      this.#greeted = null;
    } else {
      for (const user of this.#users.values()) user.connection('back', 'greeted', this.#url);
    }
    this.wakeIfWritable();
  }

  #lost(reason: string): void {
    if (!this.#up) return;
    this.#up = false;
    for (const user of this.#users.values()) {
      user.connection('lost', `${reason}: ${this.#url}`, this.#url);
    }
  }
}

const looksATick = 256;

/** Links that are connected but full and have users waiting; looked at every millisecond, a bounded number at a time. */
export class FullLinks {
  readonly #links = new Set<Link>();
  #timer: NodeJS.Timeout | null = null;

  add(link: Link): void {
    this.#links.add(link);
    this.#timer ??= setInterval(() => this.#look(), 1);
  }

  delete(link: Link): void {
    this.#links.delete(link);
    this.#rest();
  }

  #look(): void {
    // A snapshot: those who are woken may fill the link, and wait, again.
    for (const link of [...this.#links].slice(0, looksATick)) {
      this.#links.delete(link);
      if (!link.wakeIfWritable()) this.#links.add(link);
    }
    this.#rest();
  }

  #rest(): void {
    if (this.#links.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
