import type { Driver, DriverOptions, Session } from '../../agents/drivers/driver.ts';
import type { RheaEndpoint } from '../../agents/drivers/rhea/endpoint.ts';
import { rheaDriver } from '../../agents/drivers/rhea/rhea.ts';
import type { DriverRig, RigOptions } from '../contract/driver.ts';

/** Both ends of the driver contract on one AMQP 1.0 endpoint; `reset` removes what they left on the bus. */
export async function rheaRig(
  options: RigOptions,
  endpoint: RheaEndpoint,
  reset: () => Promise<void> = () => Promise.resolve(),
  driver: Driver<'rhea'> = rheaDriver,
): Promise<DriverRig> {
  const { capacity } = options;
  const credit = capacity === null ? {} : { credit: capacity };
  const connect = (process: string): Promise<Session<'rhea'>> => {
    const all: DriverOptions<'rhea'> = {
      ...options,
      process,
      endpoint: { ...endpoint, ...credit },
    };
    return driver.connect(all, AbortSignal.timeout(10_000));
  };
  const servers = await connect('server.paris');
  const clients = await connect('client.paris');
  return {
    servers,
    clients,
    directory: async () => null,
    close: async () => {
      await clients[Symbol.asyncDispose]();
      await servers[Symbol.asyncDispose]();
      await reset();
    },
  };
}
