/**
 * A program of its own: asks routers for their state on behalf of the orchestrator, which imports no client
 * library. One JSON object a line, both ways; it ends with its stdin.
 *
 * in   {"id": 1, "host": "127.0.0.1", "port": 5672, "type": "node", "attributes": ["id", "cost"]}
 * out  {"id": 1, "product": "qpid-dispatch-router", "version": "1.19.0", "rows": [{"id": "bus-1", "cost": 1}]}
 *      {"id": 1, "error": "connect ECONNREFUSED 127.0.0.1:5672"}
 * in   {"id": 2, "address": "127.0.0.1", "freePorts": 2}
 * out  {"id": 2, "ports": [40123, 40125]}
 */
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { ManagementClient, type ManagementType } from './rhea-management.ts';

interface PortsRequest {
  readonly id: number;
  readonly address: string;
  readonly freePorts: number;
}

interface QueryRequest {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  readonly type: ManagementType;
  readonly attributes: readonly string[];
}

const clients = new Map<string, ManagementClient>();

async function answer(request: QueryRequest | PortsRequest): Promise<void> {
  try {
    say({ id: request.id, ...(await found(request)) });
  } catch (error) {
    say({ id: request.id, error: error instanceof Error ? error.message : String(error) });
  }
}

async function found(request: QueryRequest | PortsRequest): Promise<object> {
  if ('freePorts' in request) return { ports: await freePorts(request) };
  const { host, port, type, attributes } = request;
  return await clientOf(host, port).query(type, attributes);
}

/** Ports free at this address now; all are held until the last is found, so that they differ. */
async function freePorts({ address, freePorts: count }: PortsRequest): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(address)));
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: address, port: 0 }, () => resolve(server));
  });
}

function clientOf(host: string, port: number): ManagementClient {
  const key = `${host} ${port}`;
  const known = clients.get(key);
  if (known !== undefined && known.failure === null) return known;
  const client = new ManagementClient(host, port);
  clients.set(key, client);
  return client;
}

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void answer(JSON.parse(line) as QueryRequest | PortsRequest));
lines.on('close', () => process.exit(0));
