import { BusError } from '../../errors.ts';
import { RequestLine } from '../../fabrics/request-line.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import { within } from '../../processes/waiting.ts';
import type { GatewayCalls } from './gateway-protocol.ts';

const answerMs = 40_000;

/** Our end of the gateway process on one host. Requests may overlap. */
export class Gateway implements AsyncDisposable {
  readonly #host: Host;
  readonly #process: HostProcess;
  readonly #line: RequestLine<GatewayCalls>;

  private constructor(host: Host, process: HostProcess, logFile: string) {
    this.#host = host;
    this.#process = process;
    this.#line = new RequestLine(process, (how) =>
      this.#error('RABBITMQ_GATEWAY_ENDED', `has ended: ${how}`, `See ${logFile}.`),
    );
  }

  static async start(host: Host, logFile: string): Promise<Gateway> {
    const command = host.program('orchestrator/buses/rabbitmq/gateway');
    return new Gateway(host, await host.spawn(command, { logFile, stdio: 'pipe' }), logFile);
  }

  /** Rejects with a RequestError when the request could not be made, or a BusError when the gateway is gone or stuck. */
  async ask<K extends keyof GatewayCalls>(
    name: K,
    request: GatewayCalls[K]['ask'],
    signal: AbortSignal,
  ): Promise<GatewayCalls[K]['answer']> {
    // Before the request is made: nobody would wait for it.
    signal.throwIfAborted();
    const late = (): BusError =>
      this.#error(
        'RABBITMQ_GATEWAY_SILENT',
        `did not answer within ${answerMs / 1000} s`,
        'The machine may be overloaded.',
      );
    return within(this.#line.request(name, request), answerMs, late, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    await this.#process.end(1_000);
  }

  #error(code: string, what: string, hint: string): BusError {
    return new BusError(code, `${this.#host.name}: the management gateway ${what}`, hint);
  }
}
