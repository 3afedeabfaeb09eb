import type { ClientPeer, FromAgent } from './protocol.ts';
import type { Clients } from './workloads/clients.ts';

const reportEveryMs = 50;
/** Probes sent before the event loop turns to I/O again. */
const burst = 256;

/** Tells the orchestrator of probes that arrived, each once, in batches. */
export class ProbeReports {
  readonly #send: (message: FromAgent) => void;
  readonly #seen = new Set<string>();
  #triples: number[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (message: FromAgent) => void) {
    this.#send = send;
  }

  add(client: number, path: number, subscriber: number): void {
    const key = `${client} ${path} ${subscriber}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#triples.push(client, path, subscriber);
    this.#timer ??= setTimeout(() => this.#flush(), reportEveryMs);
  }

  has(client: number, path: number, subscriber: number): boolean {
    return this.#seen.has(`${client} ${path} ${subscriber}`);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = null;
    this.#send({ type: 'probed', triples: this.#triples });
    this.#triples = [];
  }
}

/** Sends probes in rounds on every path of every client that the orchestrator has not called proven. */
export class Prober {
  readonly #clients: Clients;
  readonly #peers: readonly ClientPeer[];
  readonly #paths: readonly number[];
  readonly #isAnswered: (client: number, path: number) => boolean;
  readonly #proven = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  /** What is left of the round; null between two. */
  #round: Iterator<readonly [position: number, path: number]> | null = null;

  /** `paths` by position; `isAnswered` tells of paths that this process knows to be proven (calls). */
  constructor(
    clients: Clients,
    peers: readonly ClientPeer[],
    paths: readonly number[],
    isAnswered: (client: number, path: number) => boolean,
  ) {
    this.#clients = clients;
    this.#peers = peers;
    this.#paths = paths;
    this.#isAnswered = isAnswered;
  }

  /**
   * A round at once, the next after `everyMs`, and each wait twice as long as the one before: a bus that is slow to
   * carry thousands of probes must not get thousands more every time.
   */
  start(everyMs: number): void {
    this.close();
    this.#startRound();
    this.#timer = setTimeout(() => this.#next(everyMs * 2), everyMs);
  }

  #next(waitMs: number): void {
    this.#startRound();
    this.#timer = setTimeout(() => this.#next(waitMs * 2), waitMs);
  }

  proven(clients: readonly number[]): void {
    for (const client of clients) this.#proven.add(client);
    if (this.#proven.size >= this.#peers.length) this.close();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#round = null;
  }

  /** A round that takes longer than its period is not cut short: the next one waits. */
  #startRound(): void {
    if (this.#round !== null) return;
    this.#round = this.#unproven();
    this.#probeSome();
  }

  #probeSome(): void {
    for (let i = 0; i < burst; i++) {
      const next = this.#round?.next();
      if (next === undefined) return;
      if (next.done === true) {
        this.#round = null;
        return;
      }
      const [position, path] = next.value;
      this.#clients.probe(position, path);
    }
    setImmediate(() => this.#probeSome());
  }

  *#unproven(): Generator<readonly [position: number, path: number]> {
    for (const [position, peer] of this.#peers.entries()) {
      for (let path = 0; path < (this.#paths[position] ?? 1); path++) {
        if (this.#proven.has(peer.index)) break;
        if (!this.#isAnswered(peer.index, path)) yield [position, path];
      }
    }
  }
}
