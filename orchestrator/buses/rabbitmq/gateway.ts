import { Agent, request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { serveCalls } from '../../hosts/calls.ts';
import type { GatewayCalls } from './gateway-protocol.ts';

// Runs on the host of a bus node and speaks HTTP to the node's management API there, because the orchestrator may be
// outside the node's network. Ends with its stdin.

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const timeoutMs = 30_000;

/** Below the ports that Linux gives to outgoing connections, so that none of those is taken meanwhile. */
const lowestPort = 15_000;
const highestPort = 32_000;

type Http = GatewayCalls['http'];

function http(ask: Http['ask']): Promise<Http['answer']> {
  return new Promise((resolve, reject) => {
    const { body, ...where } = ask;
    const headers = body === null ? {} : { 'content-type': 'application/json' };
    const sent = request({ ...where, agent, headers, timeout: timeoutMs });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.end(body ?? undefined);
  });
}

/** Ports nobody listens at on any address: RabbitMQ probes its distribution port on the wildcard address. */
async function freePorts(count: number): Promise<readonly number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    const server = await listenAt(port).catch(() => null);
    if (!server) continue;
    held.push(server);
    ports.push(port);
  }
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function takenPorts(ports: readonly number[]): Promise<readonly number[]> {
  const found = ports.map(async (port) => {
    const server = await listenAt(port).catch(() => null);
    if (server === null) return [port];
    await new Promise((resolve) => server.close(resolve));
    return [];
  });
  return (await Promise.all(found)).flat();
}

function listenAt(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '0.0.0.0', () => resolve(server));
  });
}

/** Names registered with the local epmd; null when it cannot be reached (NAMES_REQ of the distribution protocol). */
function epmdNames(port: number): Promise<readonly string[] | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from([0, 1, 110])));
    socket.on('error', () => resolve(null));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      const text = Buffer.concat(chunks).subarray(4).toString();
      resolve([...text.matchAll(/^name (\S+) at port/gm)].map((match) => match[1] ?? ''));
    });
  });
}

serveCalls<GatewayCalls>({
  http,
  ports: ({ count }) => freePorts(count),
  taken: ({ ports }) => takenPorts(ports),
  epmd: ({ port }) => epmdNames(port),
});
