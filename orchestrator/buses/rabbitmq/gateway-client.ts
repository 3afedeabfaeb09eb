import { BusError } from '../../errors.ts';
import { Attendant } from '../../hosts/attendant.ts';
import type { Host } from '../../hosts/host.ts';
import type { GatewayCalls } from './gateway-protocol.ts';

/** The program on one host that speaks to the management APIs of the nodes there. */
export type Gateway = Attendant<GatewayCalls>;

/** Its calls reject with a CallError when the request could not be made, with a BusError when it is gone or stuck. */
export function startGateway(host: Host, logFile: string): Promise<Gateway> {
  return Attendant.start<GatewayCalls>(host, {
    program: 'orchestrator/buses/rabbitmq/gateway',
    logFile,
    answerMs: 40_000,
    failed: ({ how, silent }) =>
      new BusError(
        silent ? 'RABBITMQ_GATEWAY_SILENT' : 'RABBITMQ_GATEWAY_ENDED',
        `${host.name}: the management gateway does not answer: ${how}`,
        silent ? 'The machine may be overloaded.' : `See ${logFile}.`,
      ),
  });
}
