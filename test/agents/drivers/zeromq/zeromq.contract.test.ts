import { zeromqDriver } from '../../../../agents/drivers/zeromq/zeromq.ts';
import { driverContract } from '../../../contract/driver.ts';

driverContract('zeromq', {
  guarantees: ['at-most-once'],
  unroutable: ['unroutable'],
  // More than libzmq and the kernel's socket buffers hold.
  burst: { messages: 2000, bytes: 65_536 },
  manyClients: 1200,
  even: true,
  async setup({ capacity, ...options }) {
    const address = '127.0.0.1';
    const choice = 'round-robin' as const;
    const endpoint = { address, choice, highWaterMark: capacity ?? 1000, ioThreads: 1 };
    const signal = AbortSignal.timeout(1000);
    const connect = (process: string) =>
      zeromqDriver.connect({ ...options, process, endpoint }, signal);
    const servers = await connect('server.paris');
    const clients = await connect('client.paris');
    return {
      servers,
      clients,
      directory: (peers) => {
        const entries = servers.announcements().map(({ server, port }) => {
          const peer = peers.find(({ index }) => index === server);
          const { topic = 0, subscriber = 0 } = peer ?? {};
          return { server, topic, subscriber, distance: 0, address, port };
        });
        return Promise.resolve({ proxy: null, servers: entries });
      },
      close: async () => {
        await clients[Symbol.asyncDispose]();
        await servers[Symbol.asyncDispose]();
      },
    };
  },
});
