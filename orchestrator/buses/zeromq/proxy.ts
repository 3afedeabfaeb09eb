import { createInterface } from 'node:readline';
import { BusError } from '../../errors.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import { programPath } from '../../program.ts';
import { within } from '../../waiting.ts';
import type { BusNode } from '../bus.ts';
import type { ServerEntry } from './directory.ts';

/** What `proxy-main.ts` reads, one JSON object a line. */
export interface ProxyOpening {
  readonly endpoint: {
    readonly address: string;
    readonly choice: string;
    readonly highWaterMark: number;
    readonly ioThreads: number;
  };
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly seed: number;
}

export interface ProxyDirectory {
  readonly servers: readonly ServerEntry[];
  readonly targets: { readonly [client: string]: number };
}

/** What it says. */
type FromProxy =
  | { readonly type: 'listening'; readonly port: number; readonly version: string }
  | { readonly type: 'connected' }
  | { readonly type: 'counts'; readonly counts: Readonly<Record<string, number>> }
  | { readonly type: 'failed'; readonly message: string };

type Answer<T extends FromProxy['type']> = Extract<FromProxy, { type: T }>;

/**
 * Below the range from which kernels take the ports of outgoing connections: a client that dials a proxy which is
 * down could otherwise be given that very port as its own, and so connect to itself.
 */
const firstPort = 21_000;
const lastPort = 31_000;
const portsTried = 100;

const startMs = 10_000;
const connectMs = 30_000;
const countMs = 2000;
const graceMs = 1000;

/** One proxy process; it keeps its port over restarts. */
export class ProxyNode implements BusNode {
  readonly name: string;
  readonly site: string;
  readonly host: Host;
  version = '';
  readonly #opening: ProxyOpening;
  readonly #logFile: string;
  #process: HostProcess | null = null;
  #port: number | null = null;
  #directory: ProxyDirectory | null = null;
  #listeners = new Set<(message: FromProxy) => void>();

  constructor(name: string, host: Host, opening: ProxyOpening, logFile: string) {
    this.name = name;
    this.site = host.site;
    this.host = host;
    this.#opening = opening;
    this.#logFile = logFile;
  }

  get process(): HostProcess | null {
    return this.#process;
  }

  /** Where clients dial it; 0 before the first start. */
  get port(): number {
    return this.#port ?? 0;
  }

  async start(signal: AbortSignal): Promise<void> {
    const command = [process.execPath, programPath('orchestrator/buses/zeromq/proxy-main')];
    const started = await this.host.spawn(command, { logFile: this.#logFile, stdio: 'pipe' });
    this.#process = started;
    // A proxy that was killed cannot be written to; its exit tells.
    started.stdin?.on('error', () => {});
    if (started.stdout !== null) {
      createInterface({ input: started.stdout }).on('line', (line) => {
        for (const listener of [...this.#listeners]) listener(JSON.parse(line));
      });
    }
    const message = { type: 'open', ...this.#opening, ports: this.#ports() };
    const { port, version } = await this.#ask(message, 'listening', startMs, signal);
    this.#port = port;
    this.version = version;
    if (this.#directory !== null) await this.serve(this.#directory, signal);
  }

  /** Makes it dial these servers; settles when it is connected to all of them. */
  async serve(directory: ProxyDirectory, signal: AbortSignal): Promise<void> {
    this.#directory = directory;
    await this.#ask({ type: 'directory', ...directory }, 'connected', connectMs, signal);
  }

  /** Messages since it was started. */
  async counts(signal: AbortSignal): Promise<Readonly<Record<string, number>>> {
    return (await this.#ask({ type: 'count' }, 'counts', countMs, signal)).counts;
  }

  async kill(): Promise<void> {
    await this.#process?.signal('SIGKILL');
    await this.#process?.exited;
  }

  async pause(): Promise<void> {
    await this.#process?.signal('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.#process?.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    this.#process?.stdin?.end();
    await this.#process?.end(graceMs);
  }

  #ports(): number[] {
    // After a restart at the same port only: that is where everybody dials.
    if (this.#port !== null) return [this.#port];
    const start = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
    return Array.from({ length: portsTried }, (_, i) => start + i);
  }

  async #ask<T extends FromProxy['type']>(
    message: object,
    answer: T,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answer<T>> {
    const asked = this.#process;
    if (asked === null) throw this.#failure('it was not started');
    let listener: (said: FromProxy) => void = () => {};
    const answered = new Promise<Answer<T>>((resolve, reject) => {
      listener = (said) => {
        if (said.type === 'failed') reject(this.#failure(said.message));
        else if (isType(said, answer)) resolve(said);
      };
      void asked.exited.then(() => reject(this.#failure('its process ended')));
    });
    this.#listeners.add(listener);
    asked.stdin?.write(`${JSON.stringify(message)}\n`);
    const late = (): BusError => this.#failure(`no "${answer}" within ${timeoutMs} ms`);
    try {
      return await within(answered, timeoutMs, late, signal);
    } finally {
      this.#listeners.delete(listener);
    }
  }

  #failure(reason: string): BusError {
    return new BusError(
      'ZEROMQ_PROXY_FAILED',
      `the proxy ${this.name} at ${this.site} failed: ${reason}`,
      `See ${this.#logFile}.`,
    );
  }
}

function isType<T extends FromProxy['type']>(said: FromProxy, type: T): said is Answer<T> {
  return said.type === type;
}
