import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { seededRandom } from '../../topologies/random.ts';

export interface ChoppingProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** A TCP proxy that passes on every stream in pieces of random sizes, from one byte to a few thousand. */
export async function choppingProxy(
  host: string,
  port: number,
  seed: number,
): Promise<ChoppingProxy> {
  const random = seededRandom(seed);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(port, host);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from.setNoDelay());
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      // Ends with the connection: a stream destroyed under its reader is how these end.
      pass(from, to, random).catch(() => {});
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function pass(from: Socket, to: Socket, random: () => number): Promise<void> {
  for await (const chunk of from.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    for (let at = 0; at < bytes.length; ) {
      // Mostly small pieces: frame boundaries are where a parser goes wrong.
      const size = 1 + Math.floor(random() ** 3 * 8000);
      if (to.destroyed) return;
      to.write(bytes.subarray(at, at + size));
      at += size;
      // A turn of the event loop between pieces keeps the kernel from joining them again.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
