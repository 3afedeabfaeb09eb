import type { Json } from '../../../agents/protocol.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { BusError } from '../../errors.ts';
import type { RunContext } from '../../fabrics/fabric.ts';
import type { RequestLine } from '../../fabrics/request-line.ts';
import type { Host } from '../../hosts/host.ts';
import type { ResourceStack } from '../../resource-stack.ts';
import { within } from '../../waiting.ts';
import type { AgentProcess, Bus } from '../bus.ts';
import {
  type Addresses,
  addressesOf,
  declarationOf,
  fillAddress,
  namePrefix,
  serverQueues,
} from '../rabbitmq/addressing.ts';
import { amqplibEndpoint, nearestFirst } from '../rabbitmq/endpoint.ts';
import { foreignNode } from './node.ts';
import { type Broker, type ExternalOptions, externalOptions } from './options.ts';
import type { Secrets } from './secrets.ts';

/** What `agents/drivers/amqplib-admin-main` answers. */
export interface AdminCalls {
  check: { ask: { readonly endpoint: Json }; answer: { readonly version: string } };
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

export interface ExternalParts {
  readonly scenario: ResolvedScenario;
  readonly run: RunContext;
  /** Where the administration program runs. */
  readonly host: Host;
  readonly secrets: Secrets;
  readonly line: RequestLine<AdminCalls>;
  readonly stack: ResourceStack;
}

const adminMs = 30_000;
/** A queue of a run whose orchestrator was killed goes when nobody has used it for this long, its exchanges with it. */
const expiresMs = 30 * 60_000;

export class ExternalBus implements Bus {
  readonly type = 'external';
  readonly #parts: ExternalParts;
  readonly #options: ExternalOptions;
  readonly #addresses: Addresses;
  readonly #queues = new Set<string>();
  readonly #exchanges = new Set<string>();
  readonly #versions = new Map<string, string>();
  #readyMs = 0;

  constructor(parts: ExternalParts) {
    this.#parts = parts;
    this.#options = externalOptions(parts.scenario);
    const prefix = namePrefix(parts.run.runId);
    this.#addresses = addressesOf(prefix, this.#options.queues === 'stream');
  }

  get nodes(): Bus['nodes'] {
    return [...this.#brokers()].map(([url, { site }], i) =>
      foreignNode(`bus-${i + 1}`, site, this.#parts.host, this.#versions.get(url) ?? ''),
    );
  }

  get readyMs(): number {
    return this.#readyMs;
  }

  readonly details: Readonly<Record<string, number>> = {};

  /** Every broker answers and lets us in. AMQP 1.0 is left to the agents. */
  async check(startedAt: number, signal: AbortSignal): Promise<void> {
    if (this.#options.protocol === '0-9-1') {
      for (const [url, { site, broker }] of this.#brokers()) {
        const endpoint = this.#amqplib([broker], 1);
        const { version } = await this.#ask('check', { endpoint }, signal).catch((cause: Error) => {
          throw unreachable(url, site, cause);
        });
        this.#versions.set(url, version);
      }
    }
    this.#readyMs = performance.now() - startedAt;
  }

  async endpoint(process: AgentProcess): Promise<{ driver: string; endpoint: Json }> {
    const { brokers, home } = this.#brokersFor(process);
    if (this.#options.protocol === '1.0') return { driver: 'rhea', endpoint: this.#rhea(brokers) };
    const { pattern } = this.#parts.scenario.workload;
    for (const { queue, exchange } of serverQueues(this.#addresses, pattern, process.servers)) {
      this.#queues.add(queue);
      this.#exchanges.add(exchange);
    }
    const { shared, own, fanout, notify } = this.#addresses;
    for (const { topic } of process.clients) {
      for (const address of [shared, own, fanout, notify]) {
        this.#exchanges.add(fillAddress(address, { topic, server: 0, pool: 0 }).exchange);
      }
    }
    return { driver: 'amqplib', endpoint: this.#amqplib(brokers, home) };
  }

  async directory(processes: readonly AgentProcess[]): Promise<readonly Json[]> {
    // Bindings of somebody else's cluster cannot be looked at from outside: the ready barrier proves the routes.
    return processes.map(() => null);
  }

  /** Messages ready in the run's queues. Anything else is the business of whoever runs the broker. */
  async counters(
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
    const [first] = this.#brokers().values();
    const queues = this.#options.queues === 'stream' ? [] : [...this.#queues];
    if (!first || queues.length === 0) return new Map();
    const endpoint = this.#amqplib([first.broker], 1);
    const depths = await this.#ask('depths', { endpoint, queues }, signal);
    const messagesReady = depths.reduce<number>((sum, depth) => sum + (depth ?? 0), 0);
    return new Map([['bus-1', { messagesReady, queues: queues.length }]]);
  }

  async reset(signal: AbortSignal): Promise<void> {
    const [first] = this.#brokers().values();
    if (!first || this.#exchanges.size === 0) return;
    const endpoint = this.#amqplib([first.broker], 1);
    const names = { queues: [...this.#queues], exchanges: [...this.#exchanges] };
    await this.#ask('remove', { endpoint, ...names }, signal);
    this.#queues.clear();
    this.#exchanges.clear();
  }

  topicSite(): null {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.reset(AbortSignal.timeout(adminMs));
    } finally {
      await this.#parts.stack[Symbol.asyncDispose]();
    }
  }

  /** Each broker once, with the first site that names it. */
  #brokers(): ReadonlyMap<string, { readonly site: string; readonly broker: Broker }> {
    const found = new Map<string, { readonly site: string; readonly broker: Broker }>();
    for (const [site, brokers] of Object.entries(this.#options.brokers)) {
      for (const broker of brokers) {
        const url = urlOf(broker);
        if (!found.has(url)) found.set(url, { site, broker });
      }
    }
    return found;
  }

  /** A site's own brokers; with failover then those of the others, nearest first. */
  #brokersFor(process: AgentProcess): {
    readonly brokers: readonly Broker[];
    readonly home: number;
  } {
    const { brokers } = this.#options;
    const sites = Object.keys(brokers).map((site) => ({ site }));
    const { places } = nearestFirst(sites, process, this.#parts.scenario);
    const ordered = new Map<string, Broker>();
    for (const { site } of places) {
      for (const broker of brokers[site] ?? []) ordered.set(urlOf(broker), broker);
    }
    return { brokers: [...ordered.values()], home: brokers[process.host.site]?.length ?? 1 };
  }

  #amqplib(brokers: readonly Broker[], home: number): Json {
    const { scenario, run, secrets } = this.#parts;
    const [first] = brokers;
    const [version = ''] = this.#versions.values();
    const declared = declarationOf(this.#options, scenario.guarantee, Number.parseInt(version, 10));
    const expires = declared.stream ? {} : { 'x-expires': expiresMs };
    const declaration = { ...declared, arguments: { ...declared.arguments, ...expires } };
    return amqplibEndpoint(
      {
        brokers: brokers.map(({ host, port }) => ({ address: host, port })),
        home,
        credentials: secrets.login ?? { username: 'guest', password: 'guest' },
        prefix: namePrefix(run.runId),
        addresses: this.#addresses,
        declaration,
        options: this.#options,
      },
      { vhost: first?.vhost ?? '/', tls: first?.secure ? secrets.tls : null, foreign: true },
    );
  }

  #rhea(brokers: readonly Broker[]): Json {
    const { login, tls } = this.#parts.secrets;
    const { prefetch, heartbeatMs } = this.#options;
    const user = login
      ? `${encodeURIComponent(login.username)}:${encodeURIComponent(login.password)}@`
      : '';
    return {
      urls: brokers.map((broker) => urlOf(broker).replace('://', `://${user}`)),
      tls: { ...tls },
      replies: 'anonymous',
      credit: Math.max(1, prefetch),
      idleTimeoutMs: Math.max(1000, heartbeatMs),
    };
  }

  #ask<K extends keyof AdminCalls>(
    name: K,
    ask: AdminCalls[K]['ask'],
    signal: AbortSignal,
  ): Promise<AdminCalls[K]['answer']> {
    const late = (): BusError =>
      new BusError(
        'EXTERNAL_SILENT',
        `the broker did not answer within ${adminMs / 1000} s (${name})`,
        'Is it overloaded, or is a firewall in between?',
      );
    return within(this.#parts.line.request(name, ask), adminMs, late, signal);
  }
}

/** Without anything secret; an IPv6 address in brackets. */
function urlOf({ host, port, secure }: Broker): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${secure ? 'amqps' : 'amqp'}://${name}:${port}`;
}

function unreachable(url: string, site: string, cause: Error): BusError {
  return new BusError(
    'EXTERNAL_UNREACHABLE',
    `${url} (site ${site}) lets us not in: ${cause.message}`,
    'Check address, credentials, virtual host and TLS settings of the bus; the user needs to configure, write and read names that start with busbench.',
    { cause },
  );
}
