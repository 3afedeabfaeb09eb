import { amqplibDriver } from '../../agents/drivers/amqplib/amqplib.ts';
import type { Driver } from '../../agents/drivers/driver.ts';
import type { RabbitmqBus } from '../../orchestrator/buses/rabbitmq/bus.ts';
import type { Pattern } from '../../topologies/patterns.ts';
import type { DriverContract } from '../contract/driver.ts';
import { endpointFor } from './endpoint.ts';
import { type Deployed, singleNode } from './rabbitmq.ts';

/** Both ends of the driver contract on a broker of one node; closing removes what they left on it. */
export function amqplibRigs(
  deployed: () => Deployed,
  driver: Driver<'amqplib'> = amqplibDriver,
): DriverContract['setup'] {
  /** A run of its own for each pattern, on the same node. */
  const buses = new Map<string, RabbitmqBus>();

  const busFor = async (pattern: Pattern): Promise<RabbitmqBus> => {
    const sets = [`workload.pattern=${pattern}`];
    const bus = buses.get(pattern) ?? (await deployed().variant(pattern, singleNode(''), sets));
    buses.set(pattern, bus);
    return bus;
  };

  return async (options) => {
    const bus = await busFor(options.pattern);
    const [host] = deployed().fabric.hosts;
    if (!host) throw new Error('a fabric without hosts');
    const signal = AbortSignal.timeout(10_000);
    const connect = async (name: string, index: number) => {
      const process = { name, index, host, clients: [], servers: [] };
      const endpoint = endpointFor('amqplib', await bus.endpoint(process));
      return driver.connect({ ...options, process: name, endpoint }, signal);
    };
    const servers = await connect('server.paris', 0);
    const clients = await connect('client.paris', 1);
    return {
      servers,
      clients,
      directory: async () => null,
      close: async () => {
        await clients[Symbol.asyncDispose]();
        await servers[Symbol.asyncDispose]();
        await bus.reset(AbortSignal.timeout(10_000));
      },
    };
  };
}
