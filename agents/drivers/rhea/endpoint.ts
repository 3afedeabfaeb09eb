import type { AddressTemplates } from '../addresses.ts';
import type { TlsTexts } from '../tls.ts';

/** Where one agent process finds its bus over AMQP 1.0, and how that bus names things. */
export interface RheaEndpoint {
  /** In the order of preference: the process's own site first, then where it may fail over to. */
  readonly servers: readonly RheaServer[];
  readonly tls: TlsTexts;
  /** Host name to be opened: RabbitMQ takes `vhost:<name>` for a virtual host. Null is the name that was dialled. */
  readonly hostname: string | null;
  readonly addresses: RheaAddresses;
  /** `anonymous`: replies go over one link without a target, by their `to`; `links`: one link a reply address. */
  readonly replies: 'anonymous' | 'links';
  /** Messages a receiver lets the bus send ahead of it; at least 1. */
  readonly credit: number;
  /** Ask for storage (header `durable`). */
  readonly durable: boolean;
  /** A peer silent for twice this long is taken for dead. */
  readonly idleTimeoutMs: number;
}

export interface RheaServer {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Null is SASL ANONYMOUS; a name with a password PLAIN; a client certificate EXTERNAL. */
  readonly user: string | null;
  readonly password: string | null;
}

/** Here `{run}` and `{client}` are filled in, too. */
export interface RheaAddresses extends AddressTemplates<string> {
  /** Where a client's replies come; null asks the bus for a dynamic node. */
  readonly reply: string | null;
}

/** What the other end says of itself when a connection opens; empty texts where it says nothing. */
export interface Introduction {
  readonly product: string;
  readonly version: string;
  /** `ANONYMOUS-RELAY`: takes a link without a target, and routes by each message's `to`. */
  readonly capabilities: readonly string[];
}
