import { setMaxListeners } from 'node:events';
import { BusError } from '../../errors.ts';
import { RequestError, RequestLine } from '../../fabrics/request-line.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import { within } from '../../processes/waiting.ts';
import type { ManagementCalls, ManagementType } from './management-calls.ts';

const answerMs = 20_000;

/** Our end of the management program on one host: it speaks AMQP with the routers there, we speak JSON with it. */
export class Management implements AsyncDisposable {
  readonly #host: Host;
  readonly #process: HostProcess;
  readonly #line: RequestLine<ManagementCalls>;

  private constructor(host: Host, process: HostProcess) {
    this.#host = host;
    this.#process = process;
    this.#line = new RequestLine(process, (how) => this.#failed(`it ended (${how})`));
  }

  static async start(host: Host, logFile: string): Promise<Management> {
    const command = host.program('orchestrator/buses/router/rhea-management-main');
    return new Management(host, await host.spawn(command, { logFile, stdio: 'pipe' }));
  }

  freePorts(count: number, signal: AbortSignal): Promise<readonly number[]> {
    const { address } = this.#host;
    return this.#inTime(this.#line.request('ports', { address, count }), signal);
  }

  /** All rows of a management entity of the router at `port` here; null while it does not answer. */
  async query<T extends ManagementType>(
    port: number,
    type: T,
    signal: AbortSignal,
  ): Promise<ManagementCalls[T]['answer'] | null> {
    const host = this.#host.address;
    try {
      return await this.#inTime(this.#line.request(type, { host, port }), signal);
    } catch (error) {
      if (error instanceof RequestError) return null;
      throw error;
    }
  }

  #inTime<T>(asked: Promise<T>, signal: AbortSignal): Promise<T> {
    // All routers are asked at once under one signal: more listeners than node expects, and no leak.
    setMaxListeners(0, signal);
    const late = (): BusError => this.#failed(`no answer within ${answerMs / 1e3} s`);
    return within(asked, answerMs, late, signal);
  }

  #failed(how: string): BusError {
    return new BusError(
      'ROUTER_MANAGEMENT_FAILED',
      `${this.#host.name}: expected an answer from the program that asks the routers, got: ${how}`,
      'The machine may be overloaded; look at management.*.log beside the logs of the routers.',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    await this.#process.end(1_000);
  }
}
