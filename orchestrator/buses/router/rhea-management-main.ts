import { serveCalls } from '../../hosts/calls.ts';
import { freePorts } from '../../processes/free-ports.ts';
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
  ports: ({ address, count }) => freePorts(address, count),
});
