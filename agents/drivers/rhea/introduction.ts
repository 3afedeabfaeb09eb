import type { Json } from '../../protocol.ts';
import { dial } from './dial.ts';
import { parseRheaEndpoint } from './endpoint.ts';

/** What the other end says of itself when a connection opens; empty texts where it says nothing. */
export interface Introduction {
  readonly product: string;
  readonly version: string;
  /** `ANONYMOUS-RELAY`: takes a link without a target, and routes by each message's `to`. */
  readonly capabilities: readonly string[];
}

/** Dials the first server of an endpoint as an agent would, and hangs up. Rejects with whatever stood in the way. */
export async function introduction(raw: Json): Promise<Introduction> {
  const endpoint = parseRheaEndpoint(raw, 'call');
  const [server] = endpoint.servers;
  if (server === undefined) throw new Error('an endpoint without servers');
  const nothing = (): void => undefined;
  const events = { flowed: nothing, gone: nothing };
  const signal = new AbortController().signal;
  const { connection, socket } = await dial(server, endpoint, 'busbench', events, signal);
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
