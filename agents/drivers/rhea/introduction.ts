import { dial } from './dial.ts';
import type { Introduction, RheaEndpoint } from './endpoint.ts';

/** Dials the first server of an endpoint as an agent would, and hangs up. Rejects with whatever stood in the way. */
export async function introduction(endpoint: RheaEndpoint): Promise<Introduction> {
  const [server] = endpoint.servers;
  if (server === undefined) throw new Error('an endpoint without servers');
  const nothing = (): void => undefined;
  const events = { flowed: nothing, gone: nothing, differs: nothing };
  const signal = new AbortController().signal;
  const { connection, socket } = await dial(server, endpoint, 'busbench', true, events, signal);
  const properties = (connection.properties ?? {}) as { readonly [name: string]: unknown };
  const capabilities: unknown = connection['offered_capabilities'] ?? [];
  connection.close();
  socket.unref();
  return {
    product: String(properties['product'] ?? ''),
    version: String(properties['version'] ?? ''),
    capabilities: [capabilities].flat().map(String),
  };
}
