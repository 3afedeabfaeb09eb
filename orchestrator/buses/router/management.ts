import { BusError } from '../../errors.ts';
import { Attendant } from '../../hosts/attendant.ts';
import { CallError } from '../../hosts/calls.ts';
import type { Host } from '../../hosts/host.ts';
import type { ManagementCalls, ManagementType } from './management-calls.ts';

/** The management program on one host: it speaks AMQP with the routers there, we speak JSON with it. */
export type Management = Attendant<ManagementCalls>;

/** Its calls reject with ROUTER_MANAGEMENT_FAILED when it is gone or stuck. */
export function startManagement(host: Host, logFile: string): Promise<Management> {
  return Attendant.start<ManagementCalls>(host, {
    program: 'orchestrator/buses/router/rhea-management-main',
    logFile,
    answerMs: 20_000,
    failed: ({ how }) =>
      new BusError(
        'ROUTER_MANAGEMENT_FAILED',
        `${host.name}: expected an answer from the program that asks the routers, got none: ${how}`,
        `The machine may be overloaded; see ${logFile}, beside the logs of the routers.`,
      ),
  });
}

/** All rows of a management entity of the router at `port` there; null while it does not answer. */
export async function queryRouter<T extends ManagementType>(
  management: Management,
  port: number,
  type: T,
  signal: AbortSignal,
): Promise<ManagementCalls[T]['answer'] | null> {
  try {
    return await management.ask(type, { host: management.host.address, port }, { signal });
  } catch (error) {
    if (error instanceof CallError) return null;
    throw error;
  }
}
