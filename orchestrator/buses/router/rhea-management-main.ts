import { createServer, type Server } from 'node:net';
import { serveCalls } from '../../hosts/calls.ts';
import { ManagementClient } from './amqp-management.ts';
import type { ManagementAnswer, ManagementCalls, ManagementType } from './management-calls.ts';

// A program of its own on the host of the routers: asks them for their state on behalf of the orchestrator, which
// imports no client library and may be outside their network.

const clients = new Map<string, ManagementClient>();

function clientOf(host: string, port: number): ManagementClient {
  const key = `${host} ${port}`;
  const known = clients.get(key);
  if (known !== undefined && known.failure === null) return known;
  const client = new ManagementClient(host, port);
  clients.set(key, client);
  return client;
}

/** Ports free at this address now; all are held until the last is found, so that they differ. */
async function freePorts({ address, count }: ManagementCalls['ports']['ask']): Promise<number[]> {
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

type Handler<T extends ManagementType> = (
  place: ManagementCalls[T]['ask'],
) => Promise<ManagementAnswer<T>>;

function query<T extends ManagementType>(type: T): Handler<T> {
  return ({ host, port }) => clientOf(host, port).query(type);
}

serveCalls<ManagementCalls>({
  node: query('node'),
  address: query('address'),
  link: query('link'),
  connection: query('connection'),
  totals: query('totals'),
  ports: freePorts,
});
