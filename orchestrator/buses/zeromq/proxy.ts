import { BusError } from '../../errors.ts';
import { Attendant } from '../../hosts/attendant.ts';
import { CallError } from '../../hosts/calls.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import { quietPort } from '../../processes/free-ports.ts';
import type { BusNode } from '../bus.ts';
import type { ProxyCalls, ProxyDirectory, ProxyOpening } from './proxy-calls.ts';

const portsTried = 100;

const startMs = 10_000;
const connectMs = 30_000;
const countMs = 2000;

/** One proxy process; it keeps its port over restarts. */
export class ProxyNode implements BusNode {
  readonly name: string;
  readonly site: string;
  readonly host: Host;
  version = '';
  readonly #opening: ProxyOpening;
  readonly #logFile: string;
  #program: Attendant<ProxyCalls> | null = null;
  #port: number | null = null;
  #directory: ProxyDirectory | null = null;

  constructor(name: string, host: Host, opening: ProxyOpening, logFile: string) {
    this.name = name;
    this.site = host.site;
    this.host = host;
    this.#opening = opening;
    this.#logFile = logFile;
  }

  get process(): HostProcess | null {
    return this.#program?.process ?? null;
  }

  /** Where clients dial it; 0 before the first start. */
  get port(): number {
    return this.#port ?? 0;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#program = await Attendant.start<ProxyCalls>(this.host, {
      program: 'orchestrator/buses/zeromq/proxy-main',
      logFile: this.#logFile,
      answerMs: startMs,
      failed: ({ how }) => this.#failure(how),
    });
    const opening = { ...this.#opening, ports: this.#ports() };
    const { port, version } = await this.#ask('open', opening, startMs, signal);
    this.#port = port;
    this.version = version;
    if (this.#directory !== null) await this.serve(this.#directory, signal);
  }

  /** Makes it dial these servers; settles when it is connected to all of them. */
  async serve(directory: ProxyDirectory, signal: AbortSignal): Promise<void> {
    this.#directory = directory;
    await this.#ask('serve', directory, connectMs, signal);
  }

  /** Messages since it was started. */
  counts(signal: AbortSignal): Promise<ProxyCalls['count']['answer']> {
    return this.#ask('count', null, countMs, signal);
  }

  async kill(): Promise<void> {
    await this.process?.signal('SIGKILL');
    await this.process?.exited;
  }

  async pause(): Promise<void> {
    await this.process?.signal('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.process?.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
  }

  #ports(): number[] {
    // After a restart at the same port only: that is where everybody dials.
    if (this.#port !== null) return [this.#port];
    // No port of an outgoing connection: a client that dials a proxy which is down could otherwise be given that very
    // port as its own, and so connect to itself.
    const start = quietPort();
    return Array.from({ length: portsTried }, (_, i) => start + i);
  }

  async #ask<K extends keyof ProxyCalls>(
    name: K,
    ask: ProxyCalls[K]['ask'],
    ms: number,
    signal: AbortSignal,
  ): Promise<ProxyCalls[K]['answer']> {
    if (this.#program === null) throw this.#failure('it was not started');
    try {
      return await this.#program.ask(name, ask, { ms, signal });
    } catch (error) {
      if (error instanceof CallError) throw this.#failure(error.message);
      throw error;
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
