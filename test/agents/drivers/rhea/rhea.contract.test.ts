import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Json } from '../../../../agents/protocol.ts';
import type { Bus } from '../../../../orchestrator/buses/bus.ts';
import type { Host } from '../../../../orchestrator/hosts/host.ts';
import { driverContract } from '../../../contract/driver.ts';
import {
  type Deployed,
  deployRabbitmq,
  rabbitmqMissing,
  singleNode,
} from '../../../helpers/rabbitmq.ts';
import { declareNotifications, rabbitAddresses } from '../../../helpers/rabbitmq-amqp1.ts';
import { rheaRig } from '../../../helpers/rhea-rig.ts';
import {
  type DeployedRouters,
  deployRouter,
  routerMissing,
  routerPrograms,
  routerScenario,
} from '../../../helpers/routers.ts';

type Endpoint = { readonly [key: string]: Json };

for (const program of routerPrograms) {
  const missing = routerMissing[program];
  if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

  describe.skipIf(missing !== null)(`on a real ${program}`, () => {
    let deployed: DeployedRouters;

    beforeAll(async () => {
      const yaml = routerScenario('paris', `program: ${program}`);
      deployed = await deployRouter(yaml, AbortSignal.timeout(60_000));
    });

    afterAll(() => deployed?.[Symbol.asyncDispose]());

    driverContract(`rhea on ${program}`, {
      guarantees: ['at-most-once', 'at-least-once'],
      unroutable: null,
      pools: false,
      drops: true,
      burst: { messages: 2000, bytes: 256 },
      manyClients: 1000,
      even: false,
      async setup(options) {
        const { urls } = await endpointOf(deployed);
        return rheaRig(options, { urls: urls ?? [] }, () => resetOf(deployed.bus));
      },
    });
  });
}

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

describe.skipIf(rabbitmqMissing !== null)('on a real RabbitMQ with its amqp1_0 plugin', () => {
  const runId = 'rhea';
  const names = `busbench.${runId}`;
  let deployed: Deployed;
  let bus: Bus;

  beforeAll(async () => {
    const yaml = singleNode('plugins: [rabbitmq_amqp1_0]');
    deployed = await deployRabbitmq(yaml, AbortSignal.timeout(60_000));
    // Its reset removes what the tests leave under these names.
    bus = await deployed.variant(runId, yaml, []);
  });

  afterAll(() => deployed?.[Symbol.asyncDispose]());

  driverContract('rhea on RabbitMQ', {
    guarantees: ['at-most-once', 'at-least-once'],
    unroutable: null,
    burst: { messages: 2000, bytes: 65_536 },
    manyClients: 200,
    even: true,
    async setup(options) {
      const { brokers, username, password } = await endpointOf({ bus, fabric: deployed.fabric });
      const [broker] = brokers as unknown as { host: string; port: number }[];
      const address = `${broker?.host}:${broker?.port}`;
      if (options.pattern === 'notify') {
        await declareNotifications(`amqp://${username}:${password}@${address}`, names);
      }
      const endpoint = {
        urls: [`amqp://${username}:${password}@${address}`],
        addresses: rabbitAddresses(options.pattern, names),
        replies: 'links',
      };
      return rheaRig(options, endpoint, () => resetOf(bus));
    },
  });
});

function resetOf(bus: Bus): Promise<void> {
  return bus.reset(AbortSignal.timeout(10_000));
}

async function endpointOf({
  bus,
  fabric,
}: Pick<DeployedRouters, 'bus' | 'fabric'>): Promise<Endpoint> {
  const process = { name: 'any', index: 0, host: hostOf(fabric.hosts), clients: [], servers: [] };
  return (await bus.endpoint(process)).endpoint as Endpoint;
}

function hostOf([host]: readonly Host[]): Host {
  if (host === undefined) throw new Error('a fabric without hosts');
  return host;
}
