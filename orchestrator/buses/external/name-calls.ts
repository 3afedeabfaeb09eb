import type { Address, AmqplibEndpoint } from '../../../agents/drivers/amqplib/endpoint.ts';

/** What `amqplib-admin-main` can be asked: to look at, declare and remove names on an AMQP 0-9-1 broker. */
export interface NameCalls {
  /** `replies`: whether replies will be sent, which asks for one more right. */
  check: {
    ask: { readonly endpoint: AmqplibEndpoint; readonly replies: boolean };
    answer: { readonly version: string };
  };
  /** Makes exchanges, queues and bindings as the endpoint says, and `queues` that are reached by their own name. */
  declare: {
    ask: {
      readonly endpoint: AmqplibEndpoint;
      readonly bindings: readonly Binding[];
      readonly queues: readonly string[];
    };
    answer: null;
  };
  /** Messages ready in each queue; null for one that does not exist. */
  depths: {
    ask: { readonly endpoint: AmqplibEndpoint; readonly queues: readonly string[] };
    answer: readonly (number | null)[];
  };
  /** Names that do not exist are no mistake. */
  remove: {
    ask: {
      readonly endpoint: AmqplibEndpoint;
      readonly queues: readonly string[];
      readonly exchanges: readonly string[];
    };
    answer: null;
  };
}

/** Without a queue: the exchange alone. */
export type Binding = Omit<Address, 'queue'> & { readonly queue: string | null };
