import pLimit from 'p-limit';
import type { AddressTemplates } from '../../../agents/drivers/addresses.ts';
import type { Address } from '../../../agents/drivers/amqplib/endpoint.ts';
import type { ServerPeer } from '../../../agents/protocol.ts';
import type { RabbitmqOptions } from '../../../topologies/buses/rabbitmq.ts';
import type { Json } from '../../../topologies/json.ts';
import type { WorkloadSpec } from '../../../topologies/scenario.ts';
import { BusError } from '../../errors.ts';
import { type Declaration, serverQueues, sharedQueues } from './addressing.ts';
import { vhostPath } from './management.ts';
import type { RabbitmqNode } from './node.ts';
import { waitUntil } from './polling.ts';

const requestsAtOnce = 8;
const routeMs = 30_000;

/** A queue the bus declares itself, because where it is declared decides where its leader is. */
interface Placed {
  readonly address: Address;
  readonly leader: RabbitmqNode;
}

/** Exchanges, queues and bindings of a run: puts leaders where they belong, proves that every node routes. */
export class Routing {
  readonly #nodes: readonly RabbitmqNode[];
  readonly #options: RabbitmqOptions;
  readonly #addresses: AddressTemplates<Address>;
  readonly #declaration: Declaration;
  readonly #declared = new Set<string>();
  readonly #topicLeaders = new Map<number, string>();

  constructor(
    nodes: readonly RabbitmqNode[],
    options: RabbitmqOptions,
    addresses: AddressTemplates<Address>,
    declaration: Declaration,
  ) {
    this.#nodes = nodes;
    this.#options = options;
    this.#addresses = addresses;
    this.#declaration = declaration;
  }

  /** Site of the leader of a topic's shared queue; null where there is no shared queue. */
  topicSite(topic: number): string | null {
    return this.#topicLeaders.get(topic) ?? null;
  }

  async declarePolicies(prefix: string, signal: AbortSignal): Promise<void> {
    const policies: Record<string, Json> = {};
    if (this.#options.queues === 'mirrored') {
      policies['busbench-mirrored'] = {
        pattern: `^${prefix.replaceAll('.', '\\.')}`,
        'apply-to': 'queues',
        definition: { 'ha-mode': 'all', 'ha-sync-mode': 'automatic' },
      };
    }
    for (const [name, policy] of Object.entries(this.#options.policies)) {
      const { pattern, applyTo, priority, definition } = policy;
      policies[name] = { pattern, 'apply-to': applyTo, priority, definition };
    }
    const [first] = this.#nodes;
    for (const [name, policy] of Object.entries(policies)) {
      await first?.spec.management.send('PUT', vhostPath('policies', name), policy, signal);
    }
  }

  /** The queues every server of a topic shares; leaders go round the nodes unless one site leads them all. */
  async declareShared(workload: WorkloadSpec, signal: AbortSignal): Promise<void> {
    const queues = sharedQueues(workload, this.#addresses);
    const placed = queues.map(({ topic, address }) => ({ address, leader: this.#leader(topic) }));
    await this.#declare(placed, signal);
    queues.forEach(({ topic }) => {
      this.#topicLeaders.set(topic, this.#leader(topic).site);
    });
  }

  /** Queues of single servers, led by `node` unless one site leads everything. Agents else declare theirs themselves. */
  async declareOwn(
    servers: readonly ServerPeer[],
    node: RabbitmqNode,
    signal: AbortSignal,
  ): Promise<void> {
    const leader = this.#options.leader === null ? node : this.#leader(0);
    const addresses = serverQueues(this.#addresses, servers);
    await this.#declare(
      addresses.map((address) => ({ address, leader })),
      signal,
    );
  }

  /** Queues that are reached by their own name. */
  async declareReplies(
    queues: readonly string[],
    node: RabbitmqNode,
    signal: AbortSignal,
  ): Promise<void> {
    const { durable } = this.#declaration;
    await pLimit(requestsAtOnce).map(queues, async (queue) => {
      await node.spec.management.send('PUT', vhostPath('queues', queue), { durable }, signal);
    });
  }

  /**
   * Waits until every node knows every binding that any of them knows: what a server declared at its node is then
   * routable from all. Also learns where the leaders are.
   */
  async settle(prefix: string, signal: AbortSignal): Promise<void> {
    const living = this.#nodes.filter((node) => node.alive);
    const look = async (): Promise<string | null> => {
      const known = await Promise.all(living.map((node) => bindingsAt(node, prefix, signal)));
      const all = new Set(known.flatMap((bindings) => [...bindings]));
      const behind = known.findIndex((bindings) => bindings.size < all.size);
      if (behind < 0) return null;
      const [example] = [...all].filter((binding) => !known[behind]?.has(binding));
      return `${living[behind]?.name} does not know the binding ${example}`;
    };
    await waitUntil(look, routePatience('every node routing to every queue'), signal);
    const leaders = await this.#leaders(prefix, signal);
    for (const [queue, site] of leaders) {
      const topic = sharedTopic(queue.slice(prefix.length));
      if (topic !== null) this.#topicLeaders.set(topic, site);
    }
  }

  /** Deletes every queue and exchange of the run, and waits until none is left. */
  async clear(prefix: string, signal: AbortSignal): Promise<void> {
    const [first] = this.#nodes.filter((node) => node.alive);
    if (!first) return;
    const { management } = first.spec;
    const look = async (): Promise<string | null> => {
      let left = 0;
      for (const kind of ['queues', 'exchanges']) {
        const listed = await management.tryGet(`${vhostPath(kind)}?columns=name`, signal);
        const names = ((listed ?? []) as readonly { readonly name: string }[])
          .map(({ name }) => name)
          .filter((name) => name.startsWith(prefix));
        left += names.length;
        // A reply queue belongs to its connection, goes with it, and cannot be deleted by others.
        await pLimit(requestsAtOnce).map(names, async (name) => {
          await management.send('DELETE', vhostPath(kind, name), null, signal).catch(() => {});
        });
      }
      return left === 0 ? null : `${left} queues and exchanges are left`;
    };
    await waitUntil(look, routePatience('removing queues and exchanges'), signal);
    this.#declared.clear();
    this.#topicLeaders.clear();
  }

  async #leaders(prefix: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const [first] = this.#nodes.filter((node) => node.alive);
    const path = `${vhostPath('queues')}?columns=name,node,leader`;
    const queues = (await first?.spec.management.tryGet(path, signal)) ?? [];
    const sites = new Map<string, string>();
    for (const { name, node, leader } of queues as readonly QueuePlace[]) {
      const led = this.#nodes.find(({ spec }) => spec.erlangName === (leader ?? node));
      if (led && name.startsWith(prefix)) sites.set(name, led.site);
    }
    return sites;
  }

  #leader(topic: number): RabbitmqNode {
    const { leader } = this.#options;
    const led = this.#nodes.filter((node) => leader === null || node.site === leader);
    const node = led[topic % led.length];
    if (!node) throw new Error(`no node at ${leader}`);
    return node;
  }

  async #declare(wanted: readonly Placed[], signal: AbortSignal): Promise<void> {
    const fresh = wanted.filter(({ address }) => !this.#declared.has(address.queue));
    const exchanges = new Map(fresh.map((placed) => [placed.address.exchange, placed]));
    await pLimit(requestsAtOnce).map([...exchanges.values()], async ({ address, leader }) => {
      const path = vhostPath('exchanges', address.exchange);
      const { durable } = this.#declaration;
      await leader.spec.management.send('PUT', path, { type: address.kind, durable }, signal);
    });
    await pLimit(requestsAtOnce).map(fresh, async ({ address, leader }) => {
      const { durable, arguments: args } = this.#declaration;
      const { management } = leader.spec;
      const queue = vhostPath('queues', address.queue);
      await management.send('PUT', queue, { durable, arguments: args }, signal);
      const binding = vhostPath('bindings', 'e', address.exchange, 'q', address.queue);
      await management.send('POST', binding, { routing_key: address.key }, signal);
      await this.#checkLeader(address, leader, signal);
      this.#declared.add(address.queue);
    });
    await Promise.all(this.#nodes.map((node) => this.#proveRoutes(node, fresh, signal)));
    if (!this.#declaration.stream) await this.#purge(fresh, signal);
  }

  async #checkLeader(address: Address, leader: RabbitmqNode, signal: AbortSignal): Promise<void> {
    const path = `${vhostPath('queues', address.queue)}?columns=node,leader`;
    const queue = (await leader.spec.management.send('GET', path, null, signal)) as {
      readonly node?: string;
      readonly leader?: string;
    };
    const led = queue.leader ?? queue.node;
    if (led === leader.spec.erlangName) return;
    throw new BusError(
      'RABBITMQ_LEADER',
      `queue ${address.queue}: expected its leader on ${leader.name}, found it on ${led}`,
      'A queue leader locator in bus.config or bus.policies overrides bus.leader: remove one of them.',
    );
  }

  /** `declare-ok` at one node does not mean that the others route to the queue yet: a message through each proves it. */
  async #proveRoutes(
    node: RabbitmqNode,
    queues: readonly Placed[],
    signal: AbortSignal,
  ): Promise<void> {
    await pLimit(requestsAtOnce).map(queues, async ({ address }) => {
      const path = `${vhostPath('exchanges', address.exchange)}/publish`;
      const message = {
        properties: {},
        routing_key: address.key,
        payload: 'busbench probe',
        payload_encoding: 'string',
      };
      const look = async (): Promise<string | null> => {
        const answer = await node.spec.management.send('POST', path, message, signal);
        const { routed } = answer as { readonly routed: boolean };
        return routed ? null : `a message for ${address.queue} found no queue`;
      };
      await waitUntil(look, routePatience(`${node.name} routing to every queue`), signal);
    });
  }

  async #purge(queues: readonly Placed[], signal: AbortSignal): Promise<void> {
    await pLimit(requestsAtOnce).map(queues, async ({ address, leader }) => {
      const path = `${vhostPath('queues', address.queue)}/contents`;
      await leader.spec.management.send('DELETE', path, null, signal);
    });
  }
}

interface QueuePlace {
  readonly name: string;
  readonly node?: string;
  readonly leader?: string;
}

function routePatience(what: string): Parameters<typeof waitUntil>[1] {
  const hint = 'Is the cluster whole? Look at the logs of the nodes.';
  return { what, everyMs: 50, timeoutMs: routeMs, hint };
}

async function bindingsAt(
  node: RabbitmqNode,
  prefix: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const path = `${vhostPath('bindings')}?columns=source,destination,routing_key`;
  const listed = ((await node.spec.management.tryGet(path, signal)) ?? []) as readonly {
    readonly source: string;
    readonly destination: string;
    readonly routing_key: string;
  }[];
  const ours = listed.filter(({ source }) => source.startsWith(prefix));
  return new Set(ours.map((b) => `${b.source} -> ${b.destination} (${b.routing_key})`));
}

/** Topic of a queue that all servers of a topic (or pool) share, by its name below the prefix; null for others. */
function sharedTopic(name: string): number | null {
  const [, topic] = /^(?:notifications\.)?topic-(\d+)(?:\.pool-\d+)?$/.exec(name) ?? [];
  return topic === undefined ? null : Number(topic);
}
