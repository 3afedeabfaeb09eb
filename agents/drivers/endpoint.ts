import type { AmqplibEndpoint } from './amqplib/endpoint.ts';
import type { MemoryEndpoint } from './memory/endpoint.ts';
import type { RheaEndpoint } from './rhea/endpoint.ts';
import type { ZeromqDirectory, ZeromqEndpoint } from './zeromq/endpoint.ts';

/**
 * What a bus tells each driver about one process: how to connect (`endpoint`) and, once all receivers are open, how to
 * reach them (`directory`). It crosses to the agent as JSON; both ends are of one version, so nobody checks it again.
 */
interface Terms {
  readonly amqplib: { readonly endpoint: AmqplibEndpoint; readonly directory: null };
  readonly memory: { readonly endpoint: MemoryEndpoint; readonly directory: null };
  readonly rhea: { readonly endpoint: RheaEndpoint; readonly directory: null };
  readonly zeromq: { readonly endpoint: ZeromqEndpoint; readonly directory: ZeromqDirectory };
}

export type DriverName = keyof Terms;
export type EndpointOf<D extends DriverName> = Terms[D]['endpoint'];
export type DirectoryOf<D extends DriverName> = Terms[D]['directory'];

/** A driver's name with what that driver is told. */
export type Endpoint<D extends DriverName = DriverName> = {
  readonly [N in D]: { readonly driver: N; readonly endpoint: EndpointOf<N> };
}[D];

export type Directory = DirectoryOf<DriverName>;
