import type { Json } from '../../../agents/protocol.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { BusError } from '../../errors.ts';
import type { AgentProcess } from '../bus.ts';
import {
  type Address,
  type Addresses,
  fillAddress,
  serverQueues,
  sharedQueues,
} from '../rabbitmq/addressing.ts';
import { replyQueue } from '../rabbitmq/endpoint.ts';
import type { Admin } from './admin.ts';

/** What `amqplib-admin-main` answers. */
export interface NameCalls {
  check: {
    ask: { readonly endpoint: Json; readonly replies: boolean };
    answer: { readonly version: string };
  };
  declare: {
    ask: {
      readonly endpoint: Json;
      readonly bindings: readonly Binding[];
      readonly queues: readonly string[];
    };
    answer: null;
  };
  depths: {
    ask: { readonly endpoint: Json; readonly queues: readonly string[] };
    answer: readonly (number | null)[];
  };
  remove: {
    ask: {
      readonly endpoint: Json;
      readonly queues: readonly string[];
      readonly exchanges: readonly string[];
    };
    answer: null;
  };
}

/** Without a queue: the exchange alone. */
type Binding = Omit<Address, 'queue'> & { readonly queue: string | null };

export interface NameParts {
  readonly scenario: ResolvedScenario;
  readonly addresses: Addresses;
  readonly prefix: string;
  readonly admin: Admin<NameCalls>;
  /** An `AmqplibEndpoint` for the administration program. */
  readonly endpoint: () => Json;
}

/** Queues and exchanges of a run on somebody else's RabbitMQ. */
export class Names {
  readonly #parts: NameParts;
  readonly #queues = new Set<string>();
  readonly #exchanges = new Set<string>();

  constructor(parts: NameParts) {
    this.#parts = parts;
  }

  /** Whatever the agents of this process declare by themselves, as they do over 0-9-1. */
  expect({ servers, clients }: AgentProcess): void {
    const { scenario, addresses } = this.#parts;
    this.#note(serverQueues(addresses, scenario.workload.pattern, servers), []);
    const { shared, own, fanout, notify } = addresses;
    for (const { topic } of clients) {
      for (const address of [shared, own, fanout, notify]) {
        this.#exchanges.add(fillAddress(address, { topic, server: 0, pool: 0 }).exchange);
      }
    }
  }

  /** AMQP 1.0 has no words for declaring. Rejects with EXTERNAL_DECLARE. */
  async declare({ servers, clients }: AgentProcess, signal: AbortSignal): Promise<void> {
    const { scenario, addresses, prefix, admin, endpoint } = this.#parts;
    const { pattern } = scenario.workload;
    const { shared, fanout, notify } = addresses;
    const target = { call: shared, cast: shared, fanout, notify }[pattern];
    const known = new Set(this.#queues);
    const bindings = [
      ...sharedQueues(scenario.workload, addresses).map(({ address }) => address),
      ...serverQueues(addresses, pattern, servers),
    ].filter(({ queue }) => !known.has(queue));
    const topics = [...new Set(clients.map(({ topic }) => topic))];
    const exchanges = topics.map((topic) => ({
      ...fillAddress(target, { topic, server: 0, pool: 0 }),
      queue: null,
    }));
    const queues = pattern === 'call' ? clients.map(({ index }) => replyQueue(prefix, index)) : [];
    this.#note([...bindings, ...exchanges], queues);
    const ask = { endpoint: endpoint(), bindings: [...bindings, ...exchanges], queues };
    const names = bindings.length + queues.length;
    await admin.ask('declare', ask, names, signal).catch((cause: Error) => {
      if (cause instanceof BusError) throw cause;
      throw new BusError(
        'EXTERNAL_DECLARE',
        `RabbitMQ refused the names of the run: ${cause.message}`,
        'They are declared over AMQP 0-9-1 at the same port; the user needs to configure names that start with busbench.',
        { cause },
      );
    });
  }

  /** Messages ready in the run's queues, and how many queues there are. */
  async counters(signal: AbortSignal): Promise<Readonly<Record<string, number>> | null> {
    const queues = [...this.#queues];
    if (queues.length === 0) return null;
    const { admin, endpoint } = this.#parts;
    const ask = { endpoint: endpoint(), queues };
    const depths = await admin.ask('depths', ask, queues.length, signal);
    const messagesReady = depths.reduce<number>((sum, depth) => sum + (depth ?? 0), 0);
    return { messagesReady, queues: queues.length };
  }

  async remove(signal: AbortSignal): Promise<void> {
    if (this.#exchanges.size === 0) return;
    const { admin, endpoint } = this.#parts;
    const names = { queues: [...this.#queues], exchanges: [...this.#exchanges] };
    const ask = { endpoint: endpoint(), ...names };
    await admin.ask('remove', ask, this.#queues.size, signal);
    this.#queues.clear();
    this.#exchanges.clear();
  }

  #note(bindings: readonly Binding[], queues: readonly string[]): void {
    for (const { exchange, queue } of bindings) {
      this.#exchanges.add(exchange);
      if (queue !== null) this.#queues.add(queue);
    }
    for (const queue of queues) this.#queues.add(queue);
  }
}
