import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BusError } from '../../errors.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import { sleep } from '../../processes/waiting.ts';
import type { BusNode } from '../bus.ts';
import type { RouterPlan } from './layout.ts';
import { type Management, queryRouter } from './management.ts';
import type { ManagementCalls, ManagementType } from './management-calls.ts';

export interface RouterPlace {
  readonly host: Host;
  readonly management: Management;
  /** Where clients, other interior routers and edge routers connect. */
  readonly ports: Readonly<Record<'normal' | 'inter-router' | 'edge', number>>;
  readonly programPath: string;
  readonly logFile: string;
}

const startMs = 30_000;
const pollMs = 50;
const stopGraceMs = 10_000;

/** One router process. Its configuration and ports stay the same over restarts. */
export class RouterNode implements BusNode {
  readonly plan: RouterPlan;
  readonly host: Host;
  readonly #place: RouterPlace;
  #config = '';
  #process: HostProcess | null = null;
  #version = '';
  #rejoin: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  constructor(plan: RouterPlan, place: RouterPlace) {
    this.plan = plan;
    this.host = place.host;
    this.#place = place;
  }

  get name(): string {
    return this.plan.name;
  }

  get site(): string {
    return this.plan.site;
  }

  get ports(): RouterPlace['ports'] {
    return this.#place.ports;
  }

  get version(): string {
    return this.#version;
  }

  get process(): HostProcess | null {
    return this.#process;
  }

  get running(): boolean {
    return this.#process !== null;
  }

  /** What to wait for when the node is started again: the mesh, with it. */
  onRejoin(rejoin: (signal: AbortSignal) => Promise<void>): void {
    this.#rejoin = rejoin;
  }

  /** Writes the configuration and starts the process; settles when it answers. */
  async launch(config: string, signal: AbortSignal): Promise<void> {
    this.#config = await this.host.put(`${this.name}.conf`, config);
    await this.#run(signal);
  }

  /** Rows of a management entity; null while the router does not answer. */
  async query<T extends ManagementType>(
    type: T,
    signal: AbortSignal,
  ): Promise<ManagementCalls[T]['answer'] | null> {
    if (this.#process === null) return null;
    return await queryRouter(this.#place.management, this.ports.normal, type, signal);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#process !== null) return;
    await this.#run(signal);
    await this.#rejoin(signal);
  }

  async stop(): Promise<void> {
    await this.#take()?.end(stopGraceMs);
  }

  async kill(): Promise<void> {
    const process = this.#take();
    await process?.signal('SIGKILL');
    await process?.exited;
  }

  async pause(): Promise<void> {
    await this.#process?.signal('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.#process?.signal('SIGCONT');
  }

  async #run(signal: AbortSignal): Promise<void> {
    const command = [this.#place.programPath, '-c', this.#config];
    const process = await this.host.spawn(command, { logFile: this.#place.logFile, stdio: 'log' });
    this.#process = process;
    let ended: string | null = null;
    void process.exited.then(({ code, signal: by }) => {
      ended = by ?? `exit code ${code}`;
    });
    const deadline = performance.now() + startMs;
    for (;;) {
      const answer = await this.query('totals', signal);
      if (answer !== null) {
        this.#version = answer.version;
        return;
      }
      if (ended !== null) throw await this.#notStarted(`it ended (${ended})`);
      if (performance.now() > deadline) {
        throw await this.#notStarted(`no answer within ${startMs / 1e3} s`);
      }
      await sleep(pollMs, signal);
    }
  }

  #take(): HostProcess | null {
    const process = this.#process;
    this.#process = null;
    return process;
  }

  async #notStarted(got: string): Promise<BusError> {
    const said = await readFile(this.#place.logFile, 'utf8').catch(() => '');
    const lines = said.trim().split('\n').slice(-3).join('\n');
    return new BusError(
      'ROUTER_NOT_STARTED',
      `${this.name} at ${this.site}: expected the router to answer on port ${this.ports.normal}, got: ${got}${lines === '' ? '' : `\n${lines}`}`,
      `Its whole log is ${this.#place.logFile}; its configuration is printed by \`busbench plan\`.`,
    );
  }
}

export function logFileOf(logs: string, name: string): string {
  return join(logs, `${name}.log`);
}
