/** What an operation still waits for; bits of its state. A closed operation has none. */
export const UNSENT = 1;
/** Not yet completed or failed. */
export const UNDECIDED = 2;
/** The bus has not confirmed it yet. */
export const UNCONFIRMED = 4;
/** The pacer has not been told yet that it ended. */
export const PACED = 8;
/** It was under way when the bus closed its way because of some message; a second time it is to blame. */
export const SUSPECTED = 16;

/**
 * The operations of one process between their due time and their deadline, as columns of a ring. Tokens count up, and
 * all operations have the same timeout, so that the oldest token is the first to expire, and a token finds its slot
 * by its low bits. The ring grows with what is due within one timeout.
 */
export class Operations {
  #capacity = 1024;
  /** Token of the oldest slot, and the next to be given. */
  #oldest = 1;
  #next = 1;
  #tokens = new Uint32Array(1024);
  #states = new Uint8Array(1024);
  #measured = new Uint8Array(1024);
  #clients = new Uint32Array(1024);
  #sequences = new Uint32Array(1024);
  #bytes = new Uint32Array(1024);
  #dueUs = new Float64Array(1024);
  #takenUs = new Float64Array(1024);
  #sentUs = new Float64Array(1024);

  /** Operations in the ring, closed ones that are not the oldest included. */
  get size(): number {
    return (this.#next - this.#oldest) >>> 0;
  }

  /** Adds an operation and returns its token. `client` is a position in this process. */
  open(
    client: number,
    sequence: number,
    measured: boolean,
    dueUs: number,
    takenUs: number,
    bytes: number,
  ): number {
    if (this.size === this.#capacity) this.#grow();
    const token = this.#next;
    this.#next = (token + 1) >>> 0;
    const slot = token & (this.#capacity - 1);
    this.#tokens[slot] = token;
    this.#states[slot] = UNSENT | UNDECIDED | PACED;
    this.#measured[slot] = measured ? 1 : 0;
    this.#clients[slot] = client;
    this.#sequences[slot] = sequence;
    this.#bytes[slot] = bytes;
    this.#dueUs[slot] = dueUs;
    this.#takenUs[slot] = takenUs;
    this.#sentUs[slot] = 0;
    return token;
  }

  /** Where the operation of this token is, until the next `open`; -1 when it is closed or gone. */
  find(token: number): number {
    const slot = token & (this.#capacity - 1);
    return this.#tokens[slot] === token && this.#states[slot] !== 0 ? slot : -1;
  }

  /** The slot of the oldest operation that is not closed; -1 when there is none. Forgets closed ones before it. */
  oldest(): number {
    while (this.#oldest !== this.#next) {
      const slot = this.#oldest & (this.#capacity - 1);
      if (this.#states[slot] !== 0) return slot;
      this.#oldest = (this.#oldest + 1) >>> 0;
    }
    return -1;
  }

  /** Slots of one client's operations that are sent and undecided, oldest first. */
  *underWay(client: number): Generator<number> {
    for (let token = this.#oldest; token !== this.#next; token = (token + 1) >>> 0) {
      const slot = token & (this.#capacity - 1);
      if (this.client(slot) !== client) continue;
      if ((this.state(slot) & (UNDECIDED | UNSENT)) === UNDECIDED) yield slot;
    }
  }

  token(slot: number): number {
    return this.#tokens[slot] ?? 0;
  }

  state(slot: number): number {
    return this.#states[slot] ?? 0;
  }

  setState(slot: number, state: number): void {
    this.#states[slot] = state;
  }

  /** Is this slot the undecided operation of that client with that sequence? A reused slot is another's. */
  isOpen(slot: number, client: number, sequence: number, measured: boolean): boolean {
    return (
      (this.state(slot) & UNDECIDED) !== 0 &&
      this.client(slot) === client &&
      this.sequence(slot) === sequence &&
      this.measured(slot) === measured
    );
  }

  measured(slot: number): boolean {
    return this.#measured[slot] === 1;
  }

  client(slot: number): number {
    return this.#clients[slot] ?? 0;
  }

  sequence(slot: number): number {
    return this.#sequences[slot] ?? 0;
  }

  bytes(slot: number): number {
    return this.#bytes[slot] ?? 0;
  }

  dueUs(slot: number): number {
    return this.#dueUs[slot] ?? 0;
  }

  takenUs(slot: number): number {
    return this.#takenUs[slot] ?? 0;
  }

  /** When it was sent first; 0 when it was not. */
  sentUs(slot: number): number {
    return this.#sentUs[slot] ?? 0;
  }

  setSentUs(slot: number, sentUs: number): void {
    this.#sentUs[slot] = sentUs;
  }

  #grow(): void {
    // Closed operations behind an open one still take up slots, because tokens are never moved.
    this.oldest();
    if (this.size < this.#capacity) return;
    const from = this.#capacity - 1;
    const capacity = this.#capacity * 2;
    const to = capacity - 1;
    const moves: (readonly [number, number])[] = [];
    for (let token = this.#oldest; token !== this.#next; token = (token + 1) >>> 0) {
      moves.push([token & from, token & to]);
    }
    this.#tokens = moved(this.#tokens, new Uint32Array(capacity), moves);
    this.#states = moved(this.#states, new Uint8Array(capacity), moves);
    this.#measured = moved(this.#measured, new Uint8Array(capacity), moves);
    this.#clients = moved(this.#clients, new Uint32Array(capacity), moves);
    this.#sequences = moved(this.#sequences, new Uint32Array(capacity), moves);
    this.#bytes = moved(this.#bytes, new Uint32Array(capacity), moves);
    this.#dueUs = moved(this.#dueUs, new Float64Array(capacity), moves);
    this.#takenUs = moved(this.#takenUs, new Float64Array(capacity), moves);
    this.#sentUs = moved(this.#sentUs, new Float64Array(capacity), moves);
    this.#capacity = capacity;
  }
}

type Column = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

function moved<C extends Column>(
  from: C,
  to: C,
  moves: readonly (readonly [from: number, to: number])[],
): C {
  for (const [source, target] of moves) to[target] = from[source] ?? 0;
  return to;
}
