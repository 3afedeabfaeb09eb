import type { DriverName, Endpoint, EndpointOf } from '../../agents/drivers/endpoint.ts';
import type { Bus } from '../../orchestrator/buses/bus.ts';
import type { Host } from '../../orchestrator/hosts/host.ts';

/** What a bus tells a process without peers at this host; fails when that is for another driver. */
export async function endpointAt<D extends DriverName>(
  bus: Bus,
  host: Host | undefined,
  driver: D,
): Promise<EndpointOf<D>> {
  if (host === undefined) throw new Error('a fabric without hosts');
  const process = { name: 'any', index: 0, host, clients: [], servers: [] };
  return endpointFor(driver, await bus.endpoint(process));
}

/** The endpoint, when it is one for this driver. */
export function endpointFor<D extends DriverName>(driver: D, given: Endpoint): EndpointOf<D> {
  if (given.driver !== driver) throw new Error(`expected ${driver}, got ${given.driver}`);
  return given.endpoint as EndpointOf<D>;
}
