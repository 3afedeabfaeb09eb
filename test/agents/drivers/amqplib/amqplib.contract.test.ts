import { afterAll, beforeAll, describe, test } from 'vitest';
import { amqplibDriver } from '../../../../agents/drivers/amqplib/amqplib.ts';
import type { RabbitmqBus } from '../../../../orchestrator/buses/rabbitmq/bus.ts';
import type { Pattern } from '../../../../topologies/patterns.ts';
import { driverContract } from '../../../contract/driver.ts';
import { endpointFor } from '../../../helpers/endpoint.ts';
import {
  type Deployed,
  deployRabbitmq,
  rabbitmqMissing,
  singleNode,
} from '../../../helpers/rabbitmq.ts';

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

describe.skipIf(rabbitmqMissing !== null)('on a real broker', () => {
  let deployed: Deployed;
  /** A run of its own for each pattern, on the same node. */
  const buses = new Map<string, RabbitmqBus>();

  const busFor = async (pattern: Pattern): Promise<RabbitmqBus> => {
    const sets = [`workload.pattern=${pattern}`];
    const bus = buses.get(pattern) ?? (await deployed.variant(pattern, singleNode(''), sets));
    buses.set(pattern, bus);
    return bus;
  };

  beforeAll(async () => {
    deployed = await deployRabbitmq(singleNode(''), AbortSignal.timeout(60_000));
  });

  afterAll(() => deployed?.[Symbol.asyncDispose]());

  driverContract('amqplib', {
    guarantees: ['at-most-once', 'at-least-once'],
    unroutable: ['unroutable'],
    returnsProbes: true,
    burst: { messages: 2000, bytes: 65_536 },
    manyClients: 1000,
    even: true,
    async setup(options) {
      const bus = await busFor(options.pattern);
      const [host] = deployed.fabric.hosts;
      if (!host) throw new Error('a fabric without hosts');
      const signal = AbortSignal.timeout(10_000);
      const connect = async (name: string, index: number) => {
        const process = { name, index, host, clients: [], servers: [] };
        const endpoint = endpointFor('amqplib', await bus.endpoint(process));
        return amqplibDriver.connect({ ...options, process: name, endpoint }, signal);
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
    },
  });
});
