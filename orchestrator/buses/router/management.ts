import { setMaxListeners } from 'node:events';
import { createInterface } from 'node:readline';
import { BusError } from '../../errors.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import { programPath } from '../../program.ts';
import { within } from '../../waiting.ts';
import type { RouterRow } from './entities.ts';

const answerMs = 20_000;

export interface RouterAnswer {
  readonly product: string;
  readonly version: string;
  readonly rows: readonly RouterRow[];
}

interface Answer extends Partial<RouterAnswer> {
  readonly id: number;
  readonly ports?: readonly number[];
  readonly error?: string;
}

/** Our end of the management program on one host: it speaks AMQP with the routers there, we speak JSON with it. */
export class Management implements AsyncDisposable {
  readonly #host: Host;
  readonly #process: HostProcess;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  #nextId = 0;
  #gone = false;

  private constructor(host: Host, process: HostProcess) {
    this.#host = host;
    this.#process = process;
    if (process.stdout === null) throw new Error('the management program has no stdout');
    createInterface({ input: process.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#pending.get(answer.id)?.(answer);
    });
    void process.exited.then(() => {
      this.#gone = true;
      for (const [id, settle] of this.#pending) settle({ id, error: 'the program ended' });
    });
  }

  static async start(host: Host, logFile: string): Promise<Management> {
    const command = [process.execPath, programPath('agents/drivers/rhea-management-main')];
    return new Management(host, await host.spawn(command, { logFile, stdio: 'pipe' }));
  }

  /** Ports at which nobody listens on this host's address. */
  async freePorts(count: number, signal: AbortSignal): Promise<readonly number[]> {
    const { ports, error } = await this.#ask(
      { address: this.#host.address, freePorts: count },
      signal,
    );
    if (ports !== undefined) return ports;
    throw this.#silent(`free ports at ${this.#host.address}`, error ?? 'nothing');
  }

  /** All rows of a management entity of the router at `port` here; null while it does not answer. */
  async query(
    port: number,
    type: 'node' | 'address' | 'link' | 'connection' | 'totals',
    attributes: readonly string[],
    signal: AbortSignal,
  ): Promise<RouterAnswer | null> {
    const request = { host: this.#host.address, port, type, attributes };
    const { product, version, rows } = await this.#ask(request, signal);
    if (product === undefined || version === undefined || rows === undefined) return null;
    return { product, version, rows };
  }

  async #ask(request: object, signal: AbortSignal): Promise<Answer> {
    // All routers are asked at once under one signal: more listeners than node expects, and no leak.
    setMaxListeners(0, signal);
    const id = this.#nextId++;
    if (this.#gone) return { id, error: 'the program ended' };
    const answered = new Promise<Answer>((resolve) => this.#pending.set(id, resolve));
    this.#process.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    const late = (): BusError => this.#silent('an answer', `nothing within ${answerMs / 1e3} s`);
    try {
      return await within(answered, answerMs, late, signal);
    } finally {
      this.#pending.delete(id);
    }
  }

  #silent(expected: string, got: string): BusError {
    return new BusError(
      'ROUTER_MANAGEMENT_FAILED',
      `${this.#host.name}: expected ${expected} from the management program, got ${got}`,
      'The machine may be overloaded; look at management.*.log beside the logs of the routers.',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    await this.#process.end(1_000);
  }
}
