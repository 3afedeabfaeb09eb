import { afterAll, beforeAll, describe, test } from 'vitest';
import { rheaDriver, rheaPublicDriver } from '../../../../agents/drivers/rhea/rhea.ts';
import type { Bus } from '../../../../orchestrator/buses/bus.ts';
import { osloAddresses, osloPrefix } from '../../../../orchestrator/buses/router/addresses.ts';
import { driverContract } from '../../../contract/driver.ts';
import { endpointAt } from '../../../helpers/endpoint.ts';
import {
  type Deployed,
  deployRabbitmq,
  rabbitmqMissing,
  singleNode,
} from '../../../helpers/rabbitmq.ts';
import { declareNotifications, rabbitAddresses } from '../../../helpers/rabbitmq-amqp1.ts';
import { plainEndpoint } from '../../../helpers/rhea-peer.ts';
import { rheaRig } from '../../../helpers/rhea-rig.ts';
import {
  type DeployedRouters,
  deployRouter,
  routerMissing,
  routerPrograms,
  routerScenario,
} from '../../../helpers/routers.ts';

const drivers = [
  ['rhea', rheaDriver],
  ['rhea, public API', rheaPublicDriver],
] as const;

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

    describe.each(drivers)('%s', (name, driver) => {
      driverContract(`${name} on ${program}`, {
        guarantees: ['at-most-once', 'at-least-once'],
        unroutable: null,
        pools: false,
        drops: true,
        burst: { messages: 2000, bytes: 256 },
        manyClients: 1000,
        even: false,
        async setup(options) {
          const { bus, fabric } = deployed;
          const endpoint = await endpointAt(bus, fabric.hosts[0], 'rhea');
          const { receive, send, sendOne, reply } = osloAddresses(
            { workload: { pattern: options.pattern, target: 'any' } },
            osloPrefix,
            deployed.runId,
          );
          const own = sendOne === null ? [] : [sendOne];
          const addresses = { receive: [...receive, ...own], send, sendOne, reply };
          return rheaRig(options, { ...endpoint, addresses }, () => resetOf(bus), driver);
        },
      });
    });
  });
}

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

describe.skipIf(rabbitmqMissing !== null)('on a real RabbitMQ with its amqp1_0 plugin', () => {
  const limitBytes = 1_000_000;
  const runId = 'rhea';
  // Apart from the queues that the bus declared for itself, which are durable; its reset goes by the beginning.
  const names = `busbench.${runId}.contract`;
  let deployed: Deployed;
  let bus: Bus;

  beforeAll(async () => {
    const config = `config: ["max_message_size = ${limitBytes}"]`;
    const yaml = singleNode(`plugins: [rabbitmq_amqp1_0], ${config}`);
    deployed = await deployRabbitmq(yaml, AbortSignal.timeout(60_000));
    // Its reset removes what the tests leave under these names.
    bus = await deployed.variant(runId, yaml, []);
  });

  afterAll(() => deployed?.[Symbol.asyncDispose]());

  describe.each(drivers)('%s', (name, driver) => {
    driverContract(`${name} on RabbitMQ`, {
      guarantees: ['at-most-once', 'at-least-once'],
      unroutable: null,
      burst: { messages: 2000, bytes: 65_536 },
      manyClients: 200,
      even: true,
      limitBytes,
      async setup(options) {
        const { brokers, username, password } = await endpointAt(
          bus,
          deployed.fabric.hosts[0],
          'amqplib',
        );
        const [broker] = brokers;
        const address = `${broker?.host}:${broker?.port}`;
        if (options.pattern === 'notify') {
          await declareNotifications(`amqp://${username}:${password}@${address}`, names);
        }
        const endpoint = plainEndpoint([`amqp://${username}:${password}@${address}`], {
          addresses: rabbitAddresses(options.pattern, names),
          replies: 'links',
        });
        return rheaRig(options, endpoint, () => resetOf(bus), driver);
      },
    });
  });
});

function resetOf(bus: Bus): Promise<void> {
  return bus.reset(AbortSignal.timeout(10_000));
}
