import { join } from 'node:path';
import { BusError } from '../../errors.ts';
import type { RunContext } from '../../fabrics/fabric.ts';
import { type Calls, RequestLine } from '../../fabrics/request-line.ts';
import type { Host } from '../../hosts/host.ts';
import type { ResourceStack } from '../../processes/resource-stack.ts';
import { within } from '../../processes/waiting.ts';

export interface AdminParts {
  readonly run: RunContext;
  /** Where the administration programs run. */
  readonly host: Host;
  readonly stack: ResourceStack;
}

/** How long a broker may take to answer, and as much again for every so many names it is asked about. */
const answerMs = 30_000;
const namesInTime = 2_000;

/** Our end of a program that talks to the brokers, which we cannot: it holds the client library. */
export class Admin<C extends Calls<C>> {
  readonly #line: RequestLine<C>;

  private constructor(line: RequestLine<C>) {
    this.#line = line;
  }

  /** `program` is one of the `*-main` programs of `orchestrator/buses/`. */
  static async start<C extends Calls<C>>(program: string, parts: AdminParts): Promise<Admin<C>> {
    const { run, host, stack } = parts;
    const logFile = join(run.logs, 'external.log');
    const command = host.program(`orchestrator/buses/${program}`);
    const child = await host.spawn(command, { logFile, stdio: 'pipe' });
    stack.defer(async () => {
      await child.end(1_000);
    });
    const ended = (how: string): BusError =>
      new BusError(
        'EXTERNAL_ADMIN_ENDED',
        `the administration program ended: ${how}`,
        `See ${logFile}.`,
      );
    return new Admin(new RequestLine<C>(child, ended));
  }

  /** Rejects with EXTERNAL_SILENT, or with what the program or the broker said. */
  ask<K extends keyof C & string>(
    name: K,
    ask: C[K]['ask'],
    names: number,
    signal: AbortSignal,
  ): Promise<C[K]['answer']> {
    const ms = answerMs * (1 + Math.floor(names / namesInTime));
    const late = (): BusError =>
      new BusError(
        'EXTERNAL_SILENT',
        `the broker did not answer within ${ms / 1000} s (${name})`,
        'Is it overloaded, or is a firewall in between?',
      );
    return within(this.#line.request(name, ask), ms, late, signal);
  }
}
