import { readFile } from 'node:fs/promises';
import { BusError } from '../../errors.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import type { BusNode } from '../bus.ts';
import type { Management } from './management.ts';

/** What a node is started with; the same at every restart. */
export interface NodeSpec {
  readonly name: string;
  readonly site: string;
  readonly host: Host;
  /** `bus-1@paris`. */
  readonly erlangName: string;
  readonly amqpPort: number;
  readonly distributionPort: number;
  readonly prometheusPort: number;
  readonly management: Management;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** What the cluster around a node has to do when it comes and goes. */
export interface NodeSurroundings {
  /** Before the process starts: nothing may listen at its distribution port. */
  beforeStart(node: RabbitmqNode): Promise<void>;
  /** After it: routes to it, then wait until it serves and is in the cluster. */
  afterStart(node: RabbitmqNode, signal: AbortSignal): Promise<void>;
}

const stopGraceMs = 30_000;
/** Of a log, in the message about a node that ended. */
const toldLines = 16;

export class RabbitmqNode implements BusNode {
  readonly spec: NodeSpec;
  readonly #surroundings: NodeSurroundings;
  #process: HostProcess | null = null;
  #alive = false;
  /** Broker and Erlang, known once it has served. */
  version = '';

  constructor(spec: NodeSpec, surroundings: NodeSurroundings) {
    this.spec = spec;
    this.#surroundings = surroundings;
  }

  get name(): string {
    return this.spec.name;
  }

  get site(): string {
    return this.spec.site;
  }

  get host(): Host {
    return this.spec.host;
  }

  get process(): HostProcess | null {
    return this.#process;
  }

  /** Its process runs (it may be paused, or not serving yet). */
  get alive(): boolean {
    return this.#alive;
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#alive) return;
    signal.throwIfAborted();
    const { host, command, env, logFile } = this.spec;
    await this.#surroundings.beforeStart(this);
    const child = await host.spawn(command, { env, logFile, stdio: 'log' });
    this.#process = child;
    this.#alive = true;
    void child.exited.then(() => {
      if (this.#process === child) this.#alive = false;
    });
    await this.#surroundings.afterStart(this, signal);
  }

  async kill(): Promise<void> {
    await this.#process?.signal('SIGKILL');
    await this.#process?.exited;
  }

  /** Ends it and removes its data: the next start is its first. */
  async blank(): Promise<void> {
    await this.kill();
    const data = this.spec.env['RABBITMQ_MNESIA_BASE'];
    if (data === undefined) return;
    const options = { logFile: this.spec.logFile, stdio: 'log', timeoutMs: 10_000 } as const;
    await this.host.run(['rm', '-rf', data], options);
  }

  async pause(): Promise<void> {
    await this.#process?.signal('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.#process?.signal('SIGCONT');
  }

  /** The server script turns SIGTERM into an orderly stop of the broker. */
  async stop(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#process?.end(stopGraceMs);
  }

  /** Why it ended by itself, in the words of its log. */
  async deathNotice(): Promise<BusError> {
    const log = await readFile(this.spec.logFile, 'utf8').catch(() => '');
    const lines = log.split('\n').filter((line) => line.trim() !== '');
    // Errors shortly before the end: 4.x logs harmless ones long before.
    const end = lines.findIndex((line) => line.includes('BOOT FAILED'));
    const from = lines.findIndex((line, i) => line.includes('[error]') && i > end - toldLines);
    const told = from < 0 ? lines.slice(-toldLines) : lines.slice(from, from + toldLines);
    return new BusError(
      'RABBITMQ_NODE_DIED',
      `${this.name} at ${this.site} ended by itself:\n${told.join('\n')}`,
      `The whole log is ${this.spec.logFile}. A line of bus.config or a plugin may be at fault.`,
    );
  }
}
