import { createServer, type Server } from 'node:net';

/** Below the ports that Linux gives to outgoing connections, so that none of those is taken by one meanwhile. */
const lowestPort = 15_000;
const highestPort = 32_000;
const attemptsAPort = 1_000;

/** Somewhere between them. */
export function quietPort(): number {
  return lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
}

/** Ports nobody listens at on `address` now; all are held until the last is found, so that they differ. */
export async function freePorts(address: string, count: number): Promise<readonly number[]> {
  const held = new Map<number, Server>();
  try {
    for (let attempt = 0; held.size < count; attempt++) {
      if (attempt > count * attemptsAPort) {
        throw new Error(`no ${count} free ports between ${lowestPort} and ${highestPort}`);
      }
      const port = quietPort();
      const server = held.has(port) ? null : await listenAt(address, port).catch(() => null);
      if (server !== null) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all(
      [...held.values()].map((server) => new Promise((done) => server.close(done))),
    );
  }
}

/** Those of the ports at which somebody listens on `address`. */
export async function takenPorts(
  address: string,
  ports: readonly number[],
): Promise<readonly number[]> {
  const found = ports.map(async (port) => {
    const server = await listenAt(address, port).catch(() => null);
    if (server === null) return [port];
    await new Promise((resolve) => server.close(resolve));
    return [];
  });
  return (await Promise.all(found)).flat();
}

function listenAt(address: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: address, port, exclusive: true }, () => resolve(server));
  });
}
