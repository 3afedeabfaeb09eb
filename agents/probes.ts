import { itemAt } from '../topologies/item-at.ts';
import type { FromAgent } from './protocol.ts';
import type { Clients } from './workloads/clients.ts';

const reportEveryMs = 20;
/** Probes sent before the event loop turns to I/O again. */
const burst = 64;

/** Tells the orchestrator what became of probes, in batches: every arrival, every return. */
export class ProbeReports {
  readonly #send: (message: FromAgent) => void;
  #answered: number[] = [];
  #returned: number[] = [];
  #notTaken: number[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (message: FromAgent) => void) {
    this.#send = send;
  }

  answered(client: number, route: number, subscriber: number): void {
    this.#answered.push(client, route, subscriber);
    this.#flushSoon();
  }

  returned(client: number, route: number): void {
    this.#returned.push(client, route);
    this.#flushSoon();
  }

  notTaken(client: number, route: number): void {
    this.#notTaken.push(client, route);
    this.#flushSoon();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.#flush(), reportEveryMs);
  }

  #flush(): void {
    this.#timer = null;
    const [answered, returned, notTaken] = [this.#answered, this.#returned, this.#notTaken];
    this.#answered = [];
    this.#returned = [];
    this.#notTaken = [];
    this.#send({ type: 'probed', answered, returned, notTaken });
  }
}

/** Sends the probes that the orchestrator asks for, in its order. What a library does not take now is told at once. */
export class Prober {
  readonly #clients: Clients;
  /** Position by global index. */
  readonly #positions: ReadonlyMap<number, number>;
  readonly #reports: ProbeReports;
  /** Pairs of client and route; those before `#next` are sent. */
  #pairs: number[] = [];
  #next = 0;
  #sending = false;
  #closed = false;

  constructor(clients: Clients, peers: readonly { index: number }[], reports: ProbeReports) {
    this.#clients = clients;
    this.#positions = new Map(peers.map(({ index }, position) => [index, position]));
    this.#reports = reports;
  }

  send(pairs: readonly number[]): void {
    this.#pairs = [...this.#pairs.slice(this.#next), ...pairs];
    this.#next = 0;
    if (!this.#sending) this.#sendSome();
  }

  close(): void {
    this.#closed = true;
  }

  #sendSome(): void {
    this.#sending = false;
    for (let i = 0; i < burst && this.#next < this.#pairs.length && !this.#closed; i++) {
      const client = itemAt(this.#pairs, this.#next);
      const route = itemAt(this.#pairs, this.#next + 1);
      this.#next += 2;
      const position = this.#positions.get(client);
      const isTaken = position !== undefined && this.#clients.probe(position, route);
      if (!isTaken) this.#reports.notTaken(client, route);
    }
    if (this.#closed || this.#next >= this.#pairs.length) return;
    this.#sending = true;
    setImmediate(() => this.#sendSome());
  }
}
