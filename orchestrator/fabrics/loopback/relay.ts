import { FabricError } from '../../errors.ts';
import { Attendant } from '../../hosts/attendant.ts';
import type { Host } from '../../hosts/host.ts';
import type { RelayCalls } from './relay-protocol.ts';

/** The program that all connections between sites run through. */
export type Relay = Attendant<RelayCalls>;

/** Its calls reject with LOOPBACK_RELAY_ENDED when it is gone or stuck. */
export function startRelay(home: Host, logFile: string): Promise<Relay> {
  return Attendant.start<RelayCalls>(home, {
    program: 'orchestrator/fabrics/loopback/relay-main',
    logFile,
    answerMs: 30_000,
    failed: ({ how, pid }) =>
      new FabricError(
        'LOOPBACK_RELAY_ENDED',
        `the relay process of the loopback fabric (pid ${pid}) does not answer: ${how}`,
        `See ${logFile}; every connection between sites depends on it.`,
      ),
  });
}
