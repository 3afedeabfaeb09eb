import type { AddressTemplates } from '../../../agents/drivers/addresses.ts';
import type { Address, AmqplibEndpoint } from '../../../agents/drivers/amqplib/endpoint.ts';
import { patterns } from '../../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { fillTexts } from '../../../topologies/templates.ts';
import { BusError } from '../../errors.ts';
import type { Attendant } from '../../hosts/attendant.ts';
import type { AgentProcess } from '../bus.ts';
import { serverQueues, sharedQueues } from '../rabbitmq/addressing.ts';
import { replyQueue } from '../rabbitmq/endpoint.ts';
import { patienceMs } from './admin.ts';
import type { Binding, NameCalls } from './name-calls.ts';

export interface NameParts {
  readonly scenario: ResolvedScenario;
  readonly addresses: AddressTemplates<Address>;
  readonly prefix: string;
  readonly admin: Attendant<NameCalls>;
  /** For the administration program. */
  readonly endpoint: () => AmqplibEndpoint;
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
    const { addresses } = this.#parts;
    this.#note([...serverQueues(addresses, servers), ...this.#exchangesOf(clients)], []);
  }

  /** AMQP 1.0 has no words for declaring. Rejects with EXTERNAL_DECLARE. */
  async declare({ servers, clients }: AgentProcess, signal: AbortSignal): Promise<void> {
    const { scenario, addresses, prefix, admin, endpoint } = this.#parts;
    const known = new Set(this.#queues);
    const bindings = [
      ...sharedQueues(scenario.workload, addresses).map(({ address }) => address),
      ...serverQueues(addresses, servers),
    ].filter(({ queue }) => !known.has(queue));
    const exchanges = this.#exchangesOf(clients);
    const { replies } = patterns[scenario.workload.pattern];
    const queues = replies ? clients.map(({ index }) => replyQueue(prefix, index)) : [];
    this.#note([...bindings, ...exchanges], queues);
    const ask = { endpoint: endpoint(), bindings: [...bindings, ...exchanges], queues };
    const ms = patienceMs(bindings.length + queues.length);
    await admin.ask('declare', ask, { ms, signal }).catch((cause: Error) => {
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
    const ms = patienceMs(queues.length);
    const depths = await admin.ask('depths', ask, { ms, signal });
    const messagesReady = depths.reduce<number>((sum, depth) => sum + (depth ?? 0), 0);
    return { messagesReady, queues: queues.length };
  }

  async remove(signal: AbortSignal): Promise<void> {
    if (this.#exchanges.size === 0) return;
    const { admin, endpoint } = this.#parts;
    const names = { queues: [...this.#queues], exchanges: [...this.#exchanges] };
    const ask = { endpoint: endpoint(), ...names };
    await admin.ask('remove', ask, { ms: patienceMs(this.#queues.size), signal });
    this.#queues.clear();
    this.#exchanges.clear();
  }

  /** Where these clients send: a topic's own queue and its servers' hang on one exchange. */
  #exchangesOf(clients: AgentProcess['clients']): readonly Binding[] {
    const { send } = this.#parts.addresses;
    const topics = [...new Set(clients.map(({ topic }) => topic))];
    return topics.map((topic) => ({ ...fillTexts(send, { topic }), queue: null }));
  }

  #note(bindings: readonly Binding[], queues: readonly string[]): void {
    for (const { exchange, queue } of bindings) {
      this.#exchanges.add(exchange);
      if (queue !== null) this.#queues.add(queue);
    }
    for (const queue of queues) this.#queues.add(queue);
  }
}
