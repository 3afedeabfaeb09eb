import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceiveHandler, Receiver, Sender, SendHandler } from '../../agents/drivers/driver.ts';
import { emptyHeader, readHeader, writeReply, writeRequest } from '../../agents/header.ts';

/** A message of client `client` with this sequence and token, `bytes` long. */
export function request(client: number, sequence: number, bytes = 256, flags = 0): Buffer {
  const body = Buffer.alloc(bytes);
  writeRequest(body, { ...emptyHeader(), flags, client, sequence, token: sequence });
  return body;
}

/** A server that records what it gets, and answers calls. */
export class TestServer implements ReceiveHandler {
  readonly got: { client: number; sequence: number }[] = [];
  receiver: Receiver | null = null;
  readonly #replies: boolean;
  readonly #header = emptyHeader();

  constructor(replies: boolean) {
    this.#replies = replies;
  }

  message(body: Buffer, _redelivered: boolean, context: unknown): void {
    if (!readHeader(body, this.#header)) throw new Error('a server got a message without a header');
    this.got.push({ client: this.#header.client, sequence: this.#header.sequence });
    this.receiver?.settle(context);
    if (this.#replies) {
      writeReply(body, this.#header);
      this.receiver?.reply(context, body);
    } else {
      // Each receiver owns its copy: no other may see this.
      body.fill(0);
    }
  }

  connection(): void {}

  hindered(): void {}
}

/** A client that records what its driver tells it. */
export class TestClient implements SendHandler {
  readonly index: number;
  readonly replies: number[] = [];
  readonly accepts: number[] = [];
  readonly refusals: { token: number; outcome: string }[] = [];
  /** What the bus said with its refusals. */
  readonly words: string[] = [];
  /** Bytes from which on it said that messages are too large. */
  readonly limits: number[] = [];
  readonly hindrances: (string | null)[] = [];
  readonly states: string[] = [];
  readonly returnedProbes: number[] = [];
  writables = 0;
  sender: Sender | null = null;
  onWritable: () => void = () => {};
  readonly #header = emptyHeader();

  constructor(index: number) {
    this.index = index;
  }

  writable(): void {
    this.writables++;
    this.onWritable();
  }

  accepted(token: number): void {
    this.accepts.push(token);
  }

  refused(token: number, outcome: string, reason: string): void {
    this.refusals.push({ token, outcome });
    this.words.push(reason);
  }

  tooLarge(bytes: number, reason: string): void {
    this.limits.push(bytes);
    this.words.push(reason);
  }

  hindered(reason: string | null): void {
    this.hindrances.push(reason);
  }

  probeReturned(route: number): void {
    this.returnedProbes.push(route);
  }

  reply(body: Buffer): void {
    if (!readHeader(body, this.#header)) throw new Error('a client got a reply without a header');
    if (this.#header.client !== this.index) {
      throw new Error(`client ${this.index} got a reply for ${this.#header.client}`);
    }
    this.replies.push(this.#header.sequence);
  }

  connection(state: 'lost' | 'back'): void {
    this.states.push(state);
  }

  send(sequence: number, bytes?: number): boolean {
    return this.sender?.send(request(this.index, sequence, bytes), sequence) ?? false;
  }

  /** Sends 0 .. count-1, waiting for `writable` whenever it is refused. */
  async sendAll(count: number, bytes?: number, firstSequence = 0): Promise<void> {
    for (let sequence = firstSequence; sequence < firstSequence + count; sequence++) {
      while (!this.send(sequence, bytes)) await this.#untilWritable();
    }
  }

  /** 0 .. count-1, for comparison. */
  sequences(count: number): number[] {
    return Array.from({ length: count }, (_, i) => i);
  }

  #untilWritable(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('writable never came')), 10_000);
      this.onWritable = () => {
        clearTimeout(timer);
        this.onWritable = () => {};
        resolve();
      };
    });
  }
}

/** Waits, at most `ms`, until `condition` holds; then a failing assertion tells what is missing. */
export async function eventually(condition: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await sleep(5);
}
