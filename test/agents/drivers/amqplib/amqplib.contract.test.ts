import { afterAll, beforeAll, describe, test } from 'vitest';
import { amqplibDriver, amqplibPublicDriver } from '../../../../agents/drivers/amqplib/amqplib.ts';
import { driverContract } from '../../../contract/driver.ts';
import { amqplibRigs } from '../../../helpers/amqplib-rig.ts';
import {
  type Deployed,
  deployRabbitmq,
  rabbitmqMissing,
  singleNode,
} from '../../../helpers/rabbitmq.ts';

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

const limitBytes = 1_000_000;

describe.skipIf(rabbitmqMissing !== null)('on a real broker', () => {
  let deployed: Deployed;

  beforeAll(async () => {
    deployed = await deployRabbitmq(
      singleNode(`config: ["max_message_size = ${limitBytes}"]`),
      AbortSignal.timeout(60_000),
    );
  });

  afterAll(() => deployed?.[Symbol.asyncDispose]());

  describe.each([
    ['amqplib', amqplibDriver],
    ['amqplib, public API', amqplibPublicDriver],
  ] as const)('%s', (name, driver) => {
    driverContract(name, {
      guarantees: ['at-most-once', 'at-least-once'],
      unroutable: ['unroutable'],
      returnsProbes: true,
      burst: { messages: 2000, bytes: 65_536 },
      manyClients: 1000,
      even: true,
      limitBytes,
      setup: amqplibRigs(() => deployed, driver),
    });
  });
});
