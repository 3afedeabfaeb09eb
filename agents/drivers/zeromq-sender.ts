import type { ClientPeer } from '../protocol.ts';
import type { Sender, SendHandler } from './driver.ts';
import type { Link, LinkUser } from './zeromq-link.ts';

/** Servers of which one gets a copy: all of a topic (call, cast), one pool (notify), a single one (fanout). */
export interface Group {
  /** Links by distance; a farther tier only takes what the nearer ones do not. */
  readonly tiers: readonly (readonly Link[])[];
  next: number;
}

export interface Choice {
  readonly groups: readonly Group[];
  /** One link a server that may be chosen, for probes. */
  readonly paths: readonly Link[];
  /** Index at which to start looking among `count` links; null for round-robin. */
  readonly random: ((count: number) => number) | null;
}

/** One client peer over the links to its servers, its own or shared. */
export class ZeromqSender implements Sender, LinkUser {
  readonly paths: number;
  readonly index: number;
  readonly handler: SendHandler;
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
    this.handler = handler;
    this.#choice = choice;
    this.#release = release;
    this.paths = choice.paths.length;
    this.#links = new Set(choice.groups.flatMap((group) => group.tiers.flat()));
    for (const link of this.#links) link.attach(this);
  }

  send(body: Buffer, token: number): boolean {
    const only = this.#choice.groups.length === 1 ? this.#choice.groups[0] : undefined;
    if (only === undefined) return this.#sendCopies(body, token);
    const link = this.#select(only);
    if (link === null) return this.#block();
    link.send(body, this, token);
    return true;
  }

  probe(body: Buffer, path: number): boolean {
    const link = this.#choice.paths[path];
    if (link === undefined || !link.writable) return false;
    link.send(body, this, 0);
    return true;
  }

  disconnect(): void {
    for (const link of this.#links) link.cut();
  }

  wake(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.handler.writable();
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
      setImmediate(() => this.handler.refused(token, 'unroutable', reason));
      return true;
    }
    this.#chosen.length = 0;
    for (const group of groups) {
      const link = this.#select(group);
      if (link !== null) this.#chosen.push(link);
      else if (group.tiers.some((tier) => tier.some((other) => other.up))) return this.#block();
    }
    if (this.#chosen.length === 0) return this.#block();
    for (const link of this.#chosen) link.send(body, this, token);
    return true;
  }

  /** Skips servers that cannot take a message now, as a DEALER does by itself. */
  #select(group: Group): Link | null {
    for (const tier of group.tiers) {
      const count = tier.length;
      const start = this.#choice.random?.(count) ?? group.next;
      for (let i = 0; i < count; i++) {
        const at = (start + i) % count;
        const link = tier[at];
        if (link === undefined || !link.writable) continue;
        group.next = at + 1;
        return link;
      }
    }
    return null;
  }

  #block(): false {
    this.#blocked = true;
    for (const link of this.#links) link.await(this);
    return false;
  }
}
