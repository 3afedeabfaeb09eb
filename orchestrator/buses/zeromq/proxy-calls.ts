import type { ServerEntry, ZeromqEndpoint } from '../../../agents/drivers/zeromq/endpoint.ts';

/** What a proxy can be asked; it ends with its stdin. */
export interface ProxyCalls {
  /** Binds the first of these ports that is free. */
  open: {
    ask: ProxyOpening & { readonly ports: readonly number[] };
    answer: { readonly port: number; readonly version: string };
  };
  /** Dials these servers instead of those before; answered when all are connected. */
  serve: { ask: ProxyDirectory; answer: null };
  count: { ask: null; answer: ProxyCounts };
}

export interface ProxyOpening {
  readonly endpoint: ZeromqEndpoint;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly seed: number;
}

export interface ProxyDirectory {
  readonly servers: readonly ServerEntry[];
  /** The one server of each client that has one, by client. */
  readonly targets: { readonly [client: string]: number };
}

/** Messages since the proxy started. */
export interface ProxyCounts {
  readonly [name: string]: number;
  readonly requests: number;
  readonly copies: number;
  readonly replies: number;
  /** Requests that no connected server could take. */
  readonly dropped: number;
}
