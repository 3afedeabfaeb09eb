import type { AddressTemplates } from '../addresses.ts';
import type { TlsTexts } from '../tls.ts';

/** Where messages of one kind go: an exchange and key to send to, and the queue that they arrive in. */
export interface Address {
  readonly exchange: string;
  readonly kind: 'topic' | 'fanout';
  readonly queue: string;
  readonly key: string;
}

/** What the `amqplib` driver is told by the bus: brokers, names and how queues are to be declared. */
export interface AmqplibEndpoint {
  /** In order of preference; the first `home` are equally near, and peers are shared out among them. */
  readonly brokers: readonly { readonly host: string; readonly port: number }[];
  readonly home: number;
  readonly vhost: string;
  readonly username: string;
  readonly password: string;
  /** Null speaks plain TCP. */
  readonly tls: TlsTexts | null;
  /** 0 switches heartbeats off. */
  readonly heartbeatSeconds: number;
  readonly addresses: AddressTemplates<Address>;
  readonly exchanges: { readonly durable: boolean; readonly autoDelete: boolean };
  /** `arguments` carry x-queue-type and the like. */
  readonly queues: {
    readonly durable: boolean;
    readonly arguments: { readonly [name: string]: string | number };
  };
  /** A log that every consumer reads for itself, from where it was when it lost its connection. */
  readonly stream: boolean;
  /** Delivery mode of requests and replies. */
  readonly persistent: boolean;
  /** Unsettled messages a server may hold; 0 is unlimited. */
  readonly prefetch: number;
  /** Replies by direct reply-to, or by an exclusive queue a client whose name starts with `replyPrefix`. */
  readonly reply: 'direct' | 'queue';
  readonly replyPrefix: string;
}
