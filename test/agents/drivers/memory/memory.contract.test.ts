import { memoryDriver } from '../../../../agents/drivers/memory/memory.ts';
import { driverContract } from '../../../contract/driver.ts';
import { faultless } from '../../../helpers/memory.ts';

driverContract('memory', {
  guarantees: ['at-most-once', 'at-least-once'],
  unroutable: ['unroutable'],
  burst: { messages: 1000, bytes: 256 },
  manyClients: 1200,
  even: true,
  async setup({ capacity, ...options }) {
    const endpoint = capacity === null ? faultless : { ...faultless, capacity };
    const session = await memoryDriver.connect(
      { ...options, process: 'memory', endpoint },
      AbortSignal.timeout(1000),
    );
    return {
      servers: session,
      clients: session,
      directory: () => Promise.resolve(null),
      close: async () => session[Symbol.asyncDispose](),
    };
  },
});
