/**
 * Runs on the host of a bus node and speaks HTTP to the node's management API there, because the orchestrator
 * may be outside the node's network: one JSON request a line on stdin, one answer a line on stdout. Ends with stdin.
 */
import { Agent, request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import type { GatewayAnswer, GatewayRequest } from './gateway-protocol.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const timeoutMs = 30_000;

/** Below the ports that Linux gives to outgoing connections, so that none of those is taken meanwhile. */
const lowestPort = 15_000;
const highestPort = 32_000;

async function answer(asked: GatewayRequest): Promise<GatewayAnswer> {
  switch (asked.kind) {
    case 'http':
      return http(asked);
    case 'ports':
      return { ports: await freePorts(asked.count) };
    case 'epmd':
      return { names: await epmdNames(asked.port) };
  }
}

function http(asked: GatewayRequest & { readonly kind: 'http' }): Promise<GatewayAnswer> {
  return new Promise((resolve, reject) => {
    const { host, port, method, path, auth, body } = asked;
    const headers = body === null ? {} : { 'content-type': 'application/json' };
    const sent = request({ agent, host, port, method, path, auth, headers, timeout: timeoutMs });
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

function listenAt(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '0.0.0.0', () => resolve(server));
  });
}

/** Names registered with the local epmd; empty when it cannot be reached (NAMES_REQ of the distribution protocol). */
function epmdNames(port: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from([0, 1, 110])));
    socket.on('error', () => resolve([]));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      const text = Buffer.concat(chunks).subarray(4).toString();
      resolve([...text.matchAll(/^name (\S+) at port/gm)].map((match) => match[1] ?? ''));
    });
  });
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, ...asked } = JSON.parse(line) as GatewayRequest & { readonly id: number };
  const reply = (result: GatewayAnswer): void => {
    process.stdout.write(`${JSON.stringify({ id, ...result })}\n`);
  };
  answer(asked).then(reply, (error: Error) => reply({ error: error.message }));
});
lines.on('close', () => process.exit(0));
