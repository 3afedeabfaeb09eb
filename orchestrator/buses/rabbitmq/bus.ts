import { readFile, stat } from 'node:fs/promises';
import type { AddressTemplates } from '../../../agents/drivers/addresses.ts';
import type { Address } from '../../../agents/drivers/amqplib/endpoint.ts';
import type { Directory, Endpoint } from '../../../agents/drivers/endpoint.ts';
import { patterns } from '../../../topologies/patterns.ts';
import { BusError } from '../../errors.ts';
import { sleep } from '../../processes/waiting.ts';
import type { AgentProcess, Bus, NodeCounters } from '../bus.ts';
import {
  addressesOf,
  type Declaration,
  declarationOf,
  declaredText,
  namePrefix,
} from './addressing.ts';
import type { DeployContext, DeployedCluster } from './context.ts';
import { readMetrics, whyUnknown } from './counters.ts';
import { amqplibEndpoint, nearestFirst, replyQueue, rheaEndpoint } from './endpoint.ts';
import { vhostPath } from './management.ts';
import type { RabbitmqNode } from './node.ts';
import { readPartitions } from './partitions.ts';
import { waitUntil } from './polling.ts';
import { Routing } from './routing.ts';
import { replyWay, slowReplies } from './versions.ts';

/** Queue statistics lag behind by up to RabbitMQ's collection interval of 5 s. */
const statisticsLagMs = 6_000;
const counterMs = 5_000;

export class RabbitmqBus implements Bus {
  readonly type = 'rabbitmq';
  readonly nodes: readonly RabbitmqNode[];
  readonly #context: DeployContext;
  readonly #deployed: DeployedCluster;
  readonly #prefix: string;
  readonly #addresses: AddressTemplates<Address>;
  readonly #declaration: Declaration;
  readonly #reply: 'direct' | 'queue';
  readonly #routing: Routing;
  /** Bytes of each node's log that tell of earlier benches. */
  readonly #logFrom = new Map<string, number>();
  #unknown: Readonly<Record<string, string>> = {};
  #readyMs = 0;
  #details: Readonly<Record<string, number>>;

  constructor(context: DeployContext, deployed: DeployedCluster) {
    const { scenario, options, run } = context;
    this.#context = context;
    this.#deployed = deployed;
    this.#details = deployed.details;
    this.nodes = deployed.cluster.nodes;
    this.#prefix = namePrefix(run.runId);
    const { pattern } = scenario.workload;
    this.#addresses = addressesOf(this.#prefix, options.queues === 'stream', pattern);
    const { version } = deployed.installation;
    this.#declaration = declarationOf(options, scenario.guarantee, version);
    this.#reply = replyWay(options, this.nodes.length, version);
    this.#routing = new Routing(this.nodes, options, this.#addresses, this.#declaration);
  }

  get readyMs(): number {
    return this.#readyMs;
  }

  get declared(): Readonly<Record<string, string>> {
    const { options } = this.#context;
    const slow = slowReplies(this.#reply, this.nodes.length, this.#deployed.installation.version);
    return {
      ...declaredText(this.#declaration, options.queues, this.#reply),
      ...(slow !== null && { slowReplies: slow }),
    };
  }

  get details(): Readonly<Record<string, number>> {
    return this.#details;
  }

  /** Policies and shared queues, proven from every node: only then is the bus ready. */
  async prepare(startedAt: number, signal: AbortSignal): Promise<void> {
    const from = performance.now();
    await this.#checkSockets(signal);
    await this.#routing.declarePolicies(this.#prefix, signal);
    await this.#routing.declareShared(this.#context.scenario.workload, signal);
    const now = performance.now();
    this.#details = { ...this.#details, queuesMs: now - from };
    this.#readyMs = now - startedAt;
  }

  /** Connections that do not fit into the nodes' open files would fail one by one, and late. */
  async #checkSockets(signal: AbortSignal): Promise<void> {
    const { clients, servers, sites } = this.#context.scenario;
    const own = clients.connections === 'own';
    const needed = own ? clients.count + servers.count : 2 * sites.length;
    // What the default limit of 1 024 files leaves for sockets: less need not wait for the broker's statistics.
    if (needed <= 832) return;
    const room = await this.#socketLimit(signal);
    if (needed <= room) return;
    throw new BusError(
      'RABBITMQ_TOO_FEW_FILES',
      `${needed} connections, but the nodes may open ${room} sockets in all`,
      'Raise the hard limit of open files (`ulimit -Hn`, /etc/security/limits.conf), use connections: shared, or more machines.',
    );
  }

  /** Sockets all nodes may open together; known a few seconds after they booted. */
  async #socketLimit(signal: AbortSignal): Promise<number> {
    let room = 0;
    const path = '/nodes?columns=name,sockets_total,fd_total';
    const look = async (): Promise<string | null> => {
      const listed = await this.nodes[0]?.spec.management.tryGet(path, signal);
      const limits = ((listed ?? []) as readonly FileLimits[]).map(socketsOf);
      room = limits.reduce((sum, sockets) => sum + sockets, 0);
      const known = limits.filter((sockets) => sockets > 0).length;
      return known >= this.nodes.length ? null : `${known} of ${this.nodes.length} nodes tell`;
    };
    const hint = 'Look at the logs of the bus nodes.';
    const patience = { what: 'limits of open sockets', everyMs: 250, timeoutMs: 30_000, hint };
    await waitUntil(look, patience, signal);
    return room;
  }

  async endpoint(process: AgentProcess): Promise<Endpoint> {
    const { options, scenario, fabric, signal } = this.#context;
    const { workload } = scenario;
    const { places: nodes, home } = nearestFirst(this.nodes, process, scenario);
    // A bench on a standing deployment may have more topics than the bus was deployed for.
    const topics = Math.max(workload.topics, ...process.servers.map(({ topic }) => topic + 1));
    await this.#routing.declareShared({ ...workload, topics }, signal);
    const brokers = await Promise.all(
      nodes.map((node) => fabric.route(process.host, node.host, node.spec.amqpPort)),
    );
    const { credentials, installation } = this.#deployed;
    const way = {
      brokers,
      home,
      credentials,
      prefix: this.#prefix,
      addresses: this.#addresses,
      declaration: this.#declaration,
      options: { ...options, reply: this.#reply },
    };
    if (options.protocol === '0-9-1') {
      const leader = options.leader === null ? null : nodes[0];
      if (leader) await this.#routing.declareOwn(process.servers, leader, signal);
      return { driver: 'amqplib', endpoint: amqplibEndpoint(way, ownBroker) };
    }
    // AMQP 1.0 has no words for declaring: whatever it sends to or receives from must be there.
    const [node] = nodes;
    if (node) await this.#routing.declareOwn(process.servers, node, signal);
    const replies = process.clients.map(({ index }) => replyQueue(this.#prefix, index));
    const { replies: replied } = patterns[workload.pattern];
    if (node && replied) await this.#routing.declareReplies(replies, node, signal);
    return { driver: 'rhea', endpoint: rheaEndpoint(way, installation.version) };
  }

  async directory(
    processes: readonly AgentProcess[],
    _announcements: unknown,
    signal: AbortSignal,
  ): Promise<readonly Directory[]> {
    await this.#routing.settle(this.#prefix, signal);
    return processes.map(() => null);
  }

  /** What is ready or unacknowledged is looked at again until it is 0 or the broker's statistics must be fresh. */
  async counters(signal: AbortSignal): Promise<ReadonlyMap<string, NodeCounters>> {
    const deadline = performance.now() + statisticsLagMs;
    let queues = await this.#queueCounters(signal);
    while (isBusy(queues) && performance.now() < deadline) {
      await sleep(250, signal);
      queues = await this.#queueCounters(signal);
    }
    const peers = new Map(this.nodes.map((node) => [node.spec.erlangName, node.name]));
    const entries = await Promise.all(
      this.nodes.map(async (node) => {
        const cluster = await this.#clusterCounters(node, signal);
        const own = { ...emptyQueues, ...queues.get(node.name), ...cluster };
        if (!node.alive) return [node.name, own] as const;
        const { management, prometheusPort } = node.spec;
        const page = await management.page(prometheusPort, bound(signal)).catch(() => '');
        return [node.name, { ...own, ...readMetrics(page, peers) }] as const;
      }),
    );
    this.#unknown = whyUnknown(
      entries.map(([, counters]) => counters),
      this.#deployed.installation.version,
    );
    return new Map<string, NodeCounters>(entries);
  }

  get unknown(): Readonly<Record<string, string>> {
    return this.#unknown;
  }

  async reset(signal: AbortSignal): Promise<void> {
    await this.#routing.clear(this.#prefix, signal);
    for (const { name, spec } of this.nodes) {
      this.#logFrom.set(name, (await stat(spec.logFile).catch(() => null))?.size ?? 0);
    }
    await this.#routing.declareShared(this.#context.scenario.workload, signal);
  }

  topicSite(topic: number): string | null {
    const { target } = this.#context.scenario.workload;
    return target === 'any' ? this.#routing.topicSite(topic) : this.#context.options.leader;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.stack[Symbol.asyncDispose]();
  }

  /** Whether the node's cluster fell apart, from its log since the last reset, and whether it still is. */
  async #clusterCounters(
    { name, spec, alive }: RabbitmqNode,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, number>>> {
    if (this.nodes.length < 2) return {};
    const log = await readFile(spec.logFile).catch(() => Buffer.alloc(0));
    const told = readPartitions(log.subarray(this.#logFrom.get(name) ?? 0).toString());
    if (!alive) return told;
    const path = '/nodes?columns=name,running,partitions';
    const now = await spec.management.tryGet(path, bound(signal)).catch(() => null);
    const seen = (now ?? []) as readonly NodeRow[];
    const own = seen.find(({ name }) => name === spec.erlangName)?.partitions?.length ?? 0;
    // With Khepri a node that is apart from others tells only that it does not see them run.
    const running = new Set(seen.filter((row) => row.running).map((row) => row.name));
    const unseen = this.nodes.filter((node) => node.alive && !running.has(node.spec.erlangName));
    return { ...told, partitionedFrom: Math.max(own, now === null ? 0 : unseen.length) };
  }

  /** Per node that leads them: queues of this run and what is in them. A stream keeps what was consumed: not counted. */
  async #queueCounters(signal: AbortSignal): Promise<Map<string, QueueCounters>> {
    const columns = 'name,node,leader,type,messages_ready,messages_unacknowledged';
    const path = `${vhostPath('queues')}?columns=${columns}`;
    const counters = new Map<string, QueueCounters>();
    for (const node of this.nodes.filter(({ alive }) => alive)) {
      const queues = await node.spec.management.tryGet(path, bound(signal)).catch(() => null);
      if (!Array.isArray(queues)) continue;
      for (const queue of queues as readonly QueueRow[]) {
        if (!queue.name.startsWith(this.#prefix)) continue;
        const leader = queue.leader ?? queue.node;
        const owner = this.nodes.find(({ spec }) => spec.erlangName === leader);
        if (!owner) continue;
        const sum = counters.get(owner.name) ?? emptyQueues;
        const kept = queue.type === 'stream';
        counters.set(owner.name, {
          queuesLed: sum.queuesLed + 1,
          messagesReady: sum.messagesReady + (kept ? 0 : (queue.messages_ready ?? 0)),
          messagesUnacknowledged:
            sum.messagesUnacknowledged + (kept ? 0 : (queue.messages_unacknowledged ?? 0)),
        });
      }
      break;
    }
    return counters;
  }
}

const ownBroker = { vhost: '/', tls: null, foreign: false } as const;

type QueueCounters = typeof emptyQueues;
const emptyQueues: {
  readonly queuesLed: number;
  readonly messagesReady: number;
  readonly messagesUnacknowledged: number;
} = { queuesLed: 0, messagesReady: 0, messagesUnacknowledged: 0 };

interface QueueRow {
  readonly name: string;
  readonly node?: string;
  readonly leader?: string;
  readonly type?: string;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
}

interface NodeRow {
  readonly name: string;
  readonly running?: boolean;
  readonly partitions?: readonly string[];
}

interface FileLimits {
  readonly sockets_total?: number;
  readonly fd_total?: number;
}

/** RabbitMQ 4 says 0 sockets for ever; what 3.x made of its files is what they are good for. 0 while it does not tell. */
function socketsOf({ sockets_total: sockets = 0, fd_total: files = 0 }: FileLimits): number {
  return sockets > 0 ? sockets : Math.max(0, Math.floor((files - 100) * 0.9));
}

function isBusy(queues: ReadonlyMap<string, QueueCounters>): boolean {
  return [...queues.values()].some((q) => q.messagesReady > 0 || q.messagesUnacknowledged > 0);
}

/** A paused node answers nothing; its counters are then missing, not the run held up. */
function bound(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(counterMs)]);
}
