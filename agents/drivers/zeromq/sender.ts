import type { ClientPeer } from '../../protocol.ts';
import type { Sender, SendHandler } from '../driver.ts';
import { type Group, onRoute, reachable, type Start, select } from './choice.ts';
import type { Link, LinkUser } from './link.ts';

/** What a client may choose from. */
export interface Choice {
  readonly groups: readonly Group[];
  /** Probes that prove every server of every group. */
  readonly routes: number;
  readonly start: Start;
}

/** One client peer over the links to its servers, its own or shared. */
export class ZeromqSender implements Sender, LinkUser {
  readonly routes: number;
  readonly index: number;
  readonly #handler: SendHandler;
  readonly #topic: number;
  readonly #choice: Choice;
  readonly #links: ReadonlySet<Link>;
  readonly #release: (link: Link) => void;
  readonly #chosen: Link[] = [];
  #blocked = false;

  constructor(
    peer: ClientPeer,
    choice: Choice,
    handler: SendHandler,
    release: (link: Link) => void,
  ) {
    this.index = peer.index;
    this.#topic = peer.topic;
    this.#handler = handler;
    this.#choice = choice;
    this.#release = release;
    this.routes = choice.routes;
    this.#links = new Set(choice.groups.flatMap(({ members }) => members));
    for (const link of this.#links) link.attach(this);
  }

  send(body: Buffer, token: number): boolean {
    const only = this.#choice.groups.length === 1 ? this.#choice.groups[0] : undefined;
    if (only === undefined) return this.#sendCopies(body, token);
    const link = select(only, this.#choice.start);
    if (link === null) return this.#block();
    link.send(body, this, token);
    return true;
  }

  probe(body: Buffer, route: number): boolean {
    const links = onRoute(this.#choice.groups, route);
    if (links.length === 0 || links.some((link) => !link.writable)) return false;
    for (const link of links) link.send(body, this, 0);
    return true;
  }

  disconnect(): void {
    for (const link of this.#links) link.cut();
  }

  wake(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#handler.writable();
  }

  reply(parts: Buffer[]): void {
    const body = parts[parts.length - 1];
    if (body !== undefined) this.#handler.reply(body);
  }

  refused(token: number, reason: string): void {
    this.#handler.refused(token, 'connection-lost', reason);
  }

  connection(state: 'lost' | 'back', reason: string, url: string): void {
    this.#handler.connection(state, reason, url);
  }

  close(): Promise<void> {
    for (const link of this.#links) {
      link.detach(this);
      this.#release(link);
    }
    return Promise.resolve();
  }

  /** All copies or none; but a server whose connection is down cannot hold up the others: it misses its copy. */
  #sendCopies(body: Buffer, token: number): boolean {
    const { groups } = this.#choice;
    if (groups.length === 0) {
      const reason = `no server listens on topic ${this.#topic}`;
      setImmediate(() => this.#handler.refused(token, 'unroutable', reason));
      return true;
    }
    this.#chosen.length = 0;
    for (const group of groups) {
      const link = select(group, this.#choice.start);
      if (link !== null) this.#chosen.push(link);
      else if (reachable(group)) return this.#block();
    }
    if (this.#chosen.length === 0) return this.#block();
    for (const link of this.#chosen) link.send(body, this, token);
    return true;
  }

  #block(): false {
    this.#blocked = true;
    for (const link of this.#links) link.await(this);
    return false;
  }
}
