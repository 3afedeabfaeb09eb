import { afterAll, beforeAll, describe, test } from 'vitest';
import { activemqAddresses } from '../../../../orchestrator/buses/external/dialect.ts';
import { type DriverRig, driverContract, type RigOptions } from '../../../contract/driver.ts';
import {
  type Activemq,
  activemqMissing as missing,
  startActivemq,
} from '../../../helpers/activemq.ts';
import { plainEndpoint } from '../../../helpers/rhea-peer.ts';
import { rheaRig } from '../../../helpers/rhea-rig.ts';

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

describe.skipIf(missing !== null)('on a real ActiveMQ Classic', () => {
  let broker: Activemq;
  let rigs = 0;

  beforeAll(async () => {
    broker = await startActivemq();
  }, 100_000);

  afterAll(() => broker?.[Symbol.asyncDispose]());

  /** Each rig has addresses of its own: ActiveMQ keeps what the one before left in its queues. */
  const setup = async (options: RigOptions): Promise<DriverRig> => {
    const run = `${options.run}-${rigs++}`;
    const endpoint = plainEndpoint([broker.url.replace('://', `://${broker.login}@`)], {
      addresses: activemqAddresses(options.pattern),
    });
    return await rheaRig({ ...options, run }, endpoint);
  };

  driverContract('rhea on ActiveMQ', {
    setup,
    guarantees: ['at-most-once', 'at-least-once'],
    unroutable: null,
    burst: { messages: 2000, bytes: 65_536 },
    manyClients: 200,
    even: true,
  });
});
