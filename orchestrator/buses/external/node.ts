import { BusError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';
import type { BusNode } from '../bus.ts';

/** A broker that we only talk to. `host` is where it is talked to from. */
export function foreignNode(name: string, site: string, host: Host, version: string): BusNode {
  const refuse = async (): Promise<never> => {
    throw new BusError(
      'EXTERNAL_NOT_OURS',
      `${name} is not ours to stop or start`,
      'Faults of this scenario may cut links, and disconnect or kill agents.',
    );
  };
  return {
    name,
    site,
    host,
    version,
    process: null,
    kill: refuse,
    pause: refuse,
    resume: refuse,
    stop: refuse,
    start: refuse,
  };
}
