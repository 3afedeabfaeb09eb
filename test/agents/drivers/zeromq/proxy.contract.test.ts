import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { zeromqDriver } from '../../../../agents/drivers/zeromq/zeromq.ts';
import type { ProxyCalls } from '../../../../orchestrator/buses/zeromq/proxy-calls.ts';
import { programPath } from '../../../../orchestrator/processes/program.ts';
import { driverContract } from '../../../contract/driver.ts';

const address = '127.0.0.1';

driverContract('zeromq through a proxy', {
  guarantees: ['at-most-once'],
  unroutable: ['unroutable'],
  // More than libzmq and the kernel's socket buffers hold, on both sides of the proxy.
  burst: { messages: 2000, bytes: 65_536 },
  manyClients: 1200,
  even: true,
  async setup({ capacity, ...options }) {
    const highWaterMark = capacity ?? 1000;
    const choice = 'round-robin' as const;
    const endpoint = { address, choice, highWaterMark, ioThreads: 1 };
    const connect = (process: string) =>
      zeromqDriver.connect({ ...options, process, endpoint }, AbortSignal.timeout(1000));
    const servers = await connect('server.paris');
    const clients = await connect('client.paris');

    const proxy = spawn(process.execPath, [programPath('orchestrator/buses/zeromq/proxy-main')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: proxy.stdout })[Symbol.asyncIterator]();
    const request = async <K extends keyof ProxyCalls>(
      name: K,
      ask: ProxyCalls[K]['ask'],
    ): Promise<ProxyCalls[K]['answer']> => {
      proxy.stdin.write(`${JSON.stringify({ id: 1, name, ask })}\n`);
      return JSON.parse((await lines.next()).value ?? 'null').answer;
    };
    const { reconnect } = options;
    const start = 21_000 + Math.floor(Math.random() * 10_000);
    const ports = Array.from({ length: 100 }, (_, i) => start + i);
    const { port } = await request('open', { endpoint, ports, reconnect, seed: 1 });
    return {
      servers,
      clients,
      directory: async (peers, clientPeers) => {
        const entries = servers.announcements().map((announced) => {
          const peer = peers.find(({ index }) => index === announced.server);
          const { topic = 0, subscriber = 0 } = peer ?? {};
          return { ...announced, topic, subscriber, distance: 0, address };
        });
        const targets = Object.fromEntries(
          clientPeers.flatMap(({ index, server }) => (server === null ? [] : [[index, server]])),
        );
        await request('serve', { servers: entries, targets });
        return { proxy: { address, port }, servers: entries };
      },
      close: async () => {
        await clients[Symbol.asyncDispose]();
        await servers[Symbol.asyncDispose]();
        proxy.stdin.end();
        if (proxy.exitCode === null) await once(proxy, 'exit');
      },
    };
  },
});
