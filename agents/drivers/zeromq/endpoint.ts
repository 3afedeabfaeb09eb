import type { Json } from '../../protocol.ts';

/** What the bus tells one process about itself. */
export interface ZeromqEndpoint {
  /** Where this process binds its servers. */
  readonly address: string;
  readonly choice: 'round-robin' | 'random' | 'closest';
  /** Messages queued for one peer before `send` refuses. */
  readonly highWaterMark: number;
  readonly ioThreads: number;
}

/** How one process reaches the servers. */
export interface ZeromqDirectory {
  /** The site's proxy, which takes everything; null where peers dial peers. */
  readonly proxy: Dial | null;
  readonly servers: readonly ServerEntry[];
}

export interface ServerEntry extends Dial {
  readonly server: number;
  readonly topic: number;
  readonly subscriber: number;
  /** 0 for the closest servers as seen from this process, then 1 ...; 0 for all where distance is no matter. */
  readonly tier: number;
}

/** What a proxy is told, one JSON object a line on stdin; its end ends the proxy. */
export type ToProxy =
  | {
      readonly type: 'open';
      readonly endpoint: ZeromqEndpoint;
      /** The first of these that is free becomes the proxy's. */
      readonly ports: readonly number[];
      readonly reconnect: { readonly minMs: number; readonly maxMs: number };
      readonly seed: number;
    }
  | {
      readonly type: 'directory';
      readonly servers: readonly ServerEntry[];
      /** The one server of each client that has one, by client. */
      readonly targets: { readonly [client: string]: number };
    }
  | { readonly type: 'count' };

/** What a proxy says, likewise on stdout. */
export type FromProxy =
  | { readonly type: 'listening'; readonly port: number; readonly version: string }
  | { readonly type: 'connected' }
  | { readonly type: 'counts'; readonly counts: ProxyCounts }
  | { readonly type: 'failed'; readonly message: string };

/** Messages since the proxy started. */
export interface ProxyCounts {
  readonly [name: string]: number;
  readonly requests: number;
  readonly copies: number;
  readonly replies: number;
  /** Requests that no connected server could take. */
  readonly dropped: number;
}

export interface Dial {
  readonly address: string;
  readonly port: number;
}

/** `tcp://address:port` as libzmq wants it; port 0 is any free port. */
export function tcpUrl(dial: Dial): string {
  const host = dial.address.includes(':') ? `[${dial.address}]` : dial.address;
  return `tcp://${host}:${dial.port === 0 ? '*' : dial.port}`;
}

/** The bus of the same version wrote it, so its shape is not checked again. */
export function parseEndpoint(endpoint: Json): ZeromqEndpoint {
  return endpoint as unknown as ZeromqEndpoint;
}

export function parseDirectory(directory: Json): ZeromqDirectory {
  return directory as unknown as ZeromqDirectory;
}
