import { join } from 'node:path';
import { BusError } from '../../errors.ts';
import type { RunContext } from '../../fabrics/fabric.ts';
import { Attendant } from '../../hosts/attendant.ts';
import type { Calls } from '../../hosts/calls.ts';
import type { Host } from '../../hosts/host.ts';
import type { ResourceStack } from '../../processes/resource-stack.ts';

export interface AdminParts {
  readonly run: RunContext;
  /** Where the administration programs run. */
  readonly host: Host;
  readonly stack: ResourceStack;
}

/** How long a broker may take to answer, and as much again for every so many names it is asked about. */
const answerMs = 30_000;
const namesInTime = 2_000;

/** For a call about so many names. */
export function patienceMs(names: number): number {
  return answerMs * (1 + Math.floor(names / namesInTime));
}

/**
 * A program that talks to the brokers, which we cannot: it holds the client library. `program` is one of the `*-main`
 * programs of `orchestrator/buses/`. A call rejects with EXTERNAL_SILENT, or with what the program or the broker said.
 */
export async function startAdmin<C extends Calls<C>>(
  program: string,
  { run, host, stack }: AdminParts,
): Promise<Attendant<C>> {
  const logFile = join(run.logs, 'external.log');
  const admin = await Attendant.start<C>(host, {
    program: `orchestrator/buses/${program}`,
    logFile,
    answerMs,
    failed: ({ how, silent }) =>
      silent
        ? new BusError(
            'EXTERNAL_SILENT',
            `no answer from the broker, whose administration program was asked: ${how}`,
            'Is it overloaded, or is a firewall in between?',
          )
        : new BusError(
            'EXTERNAL_ADMIN_ENDED',
            `the administration program of the broker does not answer: ${how}`,
            `See ${logFile}.`,
          ),
  });
  return stack.use(admin);
}
