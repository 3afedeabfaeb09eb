import { createInterface } from 'node:readline';
import { BusError } from '../../errors.ts';
import type { Host, HostProcess } from '../../hosts/host.ts';
import { programPath } from '../../program.ts';
import { within } from '../../waiting.ts';
import type { GatewayAnswer, GatewayRequest } from './gateway-protocol.ts';

const answerMs = 40_000;

/** Our end of the gateway process on one host. Requests may overlap. */
export class Gateway implements AsyncDisposable {
  readonly #host: Host;
  readonly #process: HostProcess;
  readonly #pending = new Map<number, (answer: GatewayAnswer) => void>();
  #nextId = 0;
  #gone = false;

  private constructor(host: Host, process: HostProcess) {
    this.#host = host;
    this.#process = process;
    if (process.stdout === null) throw new Error('the gateway was started without pipes');
    createInterface({ input: process.stdout }).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as GatewayAnswer & { readonly id: number };
      this.#pending.get(id)?.(answer);
      this.#pending.delete(id);
    });
    void process.exited.then(() => {
      this.#gone = true;
      for (const resolve of this.#pending.values()) resolve({ error: 'the gateway ended' });
      this.#pending.clear();
    });
  }

  static async start(host: Host, logFile: string): Promise<Gateway> {
    const command = [process.execPath, programPath('orchestrator/buses/rabbitmq/gateway')];
    return new Gateway(host, await host.spawn(command, { logFile, stdio: 'pipe' }));
  }

  /** Never rejects for what went wrong at the other end: see `error` of the answer. */
  ask(request: GatewayRequest, signal: AbortSignal): Promise<GatewayAnswer> {
    if (this.#gone) return Promise.resolve({ error: 'the gateway ended' });
    const id = this.#nextId++;
    const answered = new Promise<GatewayAnswer>((resolve) => this.#pending.set(id, resolve));
    this.#process.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    const late = (): BusError =>
      new BusError(
        'RABBITMQ_GATEWAY_SILENT',
        `${this.#host.name}: no answer from the management gateway within ${answerMs / 1000} s`,
        'The machine may be overloaded; look at the gateway log beside the logs of the nodes.',
      );
    return within(answered, answerMs, late, signal).finally(() => this.#pending.delete(id));
  }

  /** Ports nobody listens at on any address of that host. */
  async freePorts(count: number, signal: AbortSignal): Promise<readonly number[]> {
    return (await this.ask({ kind: 'ports', count }, signal)).ports ?? [];
  }

  async epmdNames(port: number, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.ask({ kind: 'epmd', port }, signal)).names ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    await this.#process.end(1_000);
  }
}
