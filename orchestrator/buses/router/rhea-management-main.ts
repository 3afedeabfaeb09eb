/**
 * A program of its own: asks AMQP 1.0 peers who they are, and routers for their state, on behalf of the
 * orchestrator, which imports no client library. One JSON object a line, both ways, answers in any order; it ends
 * with its stdin. `endpoint` is a `RheaEndpoint`, credentials and all, which is why it comes by stdin.
 *
 *     {"id": 1, "name": "query", "ask": {"host": "127.0.0.1", "port": 5672, "type": "node", "attributes": ["id"]}}
 *     {"id": 1, "answer": {"product": "qpid-dispatch-router", "version": "1.19.0", "rows": [{"id": "bus-1"}]}}
 *     {"id": 2, "name": "ports", "ask": {"address": "127.0.0.1", "count": 2}}
 *     {"id": 2, "answer": [40123, 40125]}
 *     {"id": 3, "name": "introduce", "ask": {"endpoint": {"urls": ["amqp://127.0.0.1:5672"]}}}
 *     {"id": 3, "answer": {"product": "ActiveMQ", "version": "5.18.3", "capabilities": ["ANONYMOUS-RELAY"]}}
 *     {"id": 4, "error": {"code": "ECONNREFUSED", "message": "connect ECONNREFUSED 127.0.0.1:5672"}}
 */
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { introduction } from '../../../agents/drivers/rhea/introduction.ts';
import { ManagementClient, type ManagementType } from '../../../agents/drivers/rhea/management.ts';
import type { Json } from '../../../agents/protocol.ts';

interface Query {
  readonly host: string;
  readonly port: number;
  readonly type: ManagementType;
  readonly attributes: readonly string[];
}

interface Ports {
  readonly address: string;
  readonly count: number;
}

type Request =
  | { readonly id: number; readonly name: 'query'; readonly ask: Query }
  | { readonly id: number; readonly name: 'ports'; readonly ask: Ports }
  | { readonly id: number; readonly name: 'introduce'; readonly ask: { readonly endpoint: Json } };

const clients = new Map<string, ManagementClient>();

async function serve(request: Request): Promise<void> {
  const { id } = request;
  try {
    say({ id, answer: await answer(request) });
  } catch (error) {
    const { code = 'FAILED', message } = error as NodeJS.ErrnoException;
    say({ id, error: { code, message } });
  }
}

async function answer(request: Request): Promise<unknown> {
  if (request.name === 'ports') return await freePorts(request.ask);
  if (request.name === 'introduce') return await introduction(request.ask.endpoint);
  const { host, port, type, attributes } = request.ask;
  return await clientOf(host, port).query(type, attributes);
}

function clientOf(host: string, port: number): ManagementClient {
  const key = `${host} ${port}`;
  const known = clients.get(key);
  if (known !== undefined && known.failure === null) return known;
  const client = new ManagementClient(host, port);
  clients.set(key, client);
  return client;
}

/** Ports free at this address now; all are held until the last is found, so that they differ. */
async function freePorts({ address, count }: Ports): Promise<number[]> {
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

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void serve(JSON.parse(line) as Request));
lines.on('close', () => process.exit(0));
