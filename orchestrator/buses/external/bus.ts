import type { AddressTemplates } from '../../../agents/drivers/addresses.ts';
import type { Address, AmqplibEndpoint } from '../../../agents/drivers/amqplib/endpoint.ts';
import type { Directory, Endpoint } from '../../../agents/drivers/endpoint.ts';
import type {
  Introduction,
  RheaAddresses,
  RheaEndpoint,
} from '../../../agents/drivers/rhea/endpoint.ts';
import { type Broker, type ExternalOptions, urlOf } from '../../../topologies/buses/external.ts';
import { patterns } from '../../../topologies/patterns.ts';
import type { ScenarioWith } from '../../../topologies/scenario.ts';
import type { Attendant } from '../../hosts/attendant.ts';
import type { AgentProcess, Bus } from '../bus.ts';
import { addressesOf, declarationOf, namePrefix } from '../rabbitmq/addressing.ts';
import { amqplibEndpoint, nearestFirst, rheaAddresses } from '../rabbitmq/endpoint.ts';
import { osloAddresses, osloPrefix } from '../router/addresses.ts';
import { type AdminParts, startAdmin } from './admin.ts';
import { activemqAddresses, type Dialect, dialectOf, unfit } from './dialect.ts';
import type { NameCalls } from './name-calls.ts';
import { Names } from './names.ts';
import { foreignNode } from './node.ts';
import type { PeerCalls } from './peer-calls.ts';
import { cannot, unreachable } from './refusals.ts';
import type { Secrets } from './secrets.ts';

export interface ExternalParts extends AdminParts {
  readonly scenario: ScenarioWith<'external'>;
  readonly secrets: Secrets;
}

const removeMs = 120_000;
const declareMs = 300_000;
/** A queue of a run whose orchestrator was killed goes when nobody has used it for this long, its exchanges with it. */
const expiresMs = 30 * 60_000;

/** The brokers that agents are sent to, over AMQP 1.0: one product, one set of addresses. */
interface Peers {
  readonly dialect: Dialect;
  readonly first: Introduction;
}

export class ExternalBus implements Bus {
  readonly type = 'external';
  readonly #parts: ExternalParts;
  readonly #options: ExternalOptions;
  readonly #addresses: AddressTemplates<Address>;
  readonly #versions = new Map<string, string>();
  /** Null where nothing of the run is declared: agents and brokers make addresses as they go. */
  #names: Names | null = null;
  #peers: Peers | null = null;
  #readyMs = 0;

  constructor(parts: ExternalParts) {
    this.#parts = parts;
    this.#options = parts.scenario.bus.options;
    const prefix = namePrefix(parts.run.runId);
    const { pattern } = parts.scenario.workload;
    this.#addresses = addressesOf(prefix, this.#options.queues === 'stream', pattern);
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

  /** Every broker answers, lets us in, and can do what the scenario asks. */
  async check(startedAt: number, signal: AbortSignal): Promise<void> {
    if (this.#options.protocol === '0-9-1') await this.#checkBrokers(signal);
    else await this.#checkPeers(signal);
    this.#readyMs = performance.now() - startedAt;
  }

  async #checkBrokers(signal: AbortSignal): Promise<void> {
    const admin = await startAdmin<NameCalls>('external/amqplib-admin-main', this.#parts);
    const { replies } = patterns[this.#parts.scenario.workload.pattern];
    for (const [url, { site, broker }] of this.#brokers()) {
      const ask = { endpoint: this.#amqplib([broker], 1), replies };
      const { version } = await admin.ask('check', ask, { signal }).catch((cause: Error) => {
        throw unreachable(url, site, broker, cause);
      });
      if (!this.#versions.has(url)) this.#versions.set(url, version);
    }
    this.#names = this.#namesBy(admin);
  }

  async #checkPeers(signal: AbortSignal): Promise<void> {
    const admin = await startAdmin<PeerCalls>('external/rhea-introduction-main', this.#parts);
    const { workload } = this.#parts.scenario;
    for (const [url, { site, broker }] of this.#brokers()) {
      const ask = { endpoint: this.#rhea([broker]) };
      const peer = await admin.ask('introduce', ask, { signal }).catch((cause: Error) => {
        throw unreachable(url, site, broker, cause);
      });
      this.#versions.set(url, `${peer.product} ${peer.version}`.trim());
      const dialect = dialectOf(peer, this.#options);
      const lack = unfit(peer, dialect, this.#options, workload);
      if (lack !== null) throw cannot(url, site, peer, lack);
      this.#peers ??= { dialect, first: peer };
      if (this.#peers.first.product !== peer.product) {
        const why = `another broker of this bus is ${this.#peers.first.product}`;
        throw cannot(url, site, peer, { why, hint: 'Use brokers of one product.' });
      }
    }
    // RabbitMQ's queues are declared over 0-9-1, which asks more than 1.0 does: whether the virtual host exists.
    if (this.#peers?.dialect === 'rabbitmq') await this.#checkBrokers(signal);
  }

  async endpoint(process: AgentProcess): Promise<Endpoint> {
    const { brokers, home } = this.#brokersFor(process);
    if (this.#options.protocol === '1.0') {
      await this.#names?.declare(process, AbortSignal.timeout(declareMs));
      return { driver: 'rhea', endpoint: this.#rhea(brokers) };
    }
    this.#names?.expect(process);
    return { driver: 'amqplib', endpoint: this.#amqplib(brokers, home) };
  }

  async directory(processes: readonly AgentProcess[]): Promise<readonly Directory[]> {
    // Bindings of somebody else's cluster cannot be looked at from outside: the ready barrier proves the routes.
    return processes.map(() => null);
  }

  /** Messages ready in the run's queues. Anything else is the business of whoever runs the broker. */
  async counters(
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
    if (this.#options.queues === 'stream') return new Map();
    const counters = await this.#names?.counters(signal);
    return counters ? new Map([['bus-1', counters]]) : new Map();
  }

  async reset(signal: AbortSignal): Promise<void> {
    await this.#names?.remove(signal);
  }

  topicSite(): null {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.reset(AbortSignal.timeout(removeMs));
    } finally {
      await this.#parts.stack[Symbol.asyncDispose]();
    }
  }

  #namesBy(admin: Attendant<NameCalls>): Names {
    const { scenario, run } = this.#parts;
    const [first] = this.#brokers().values();
    if (first === undefined) throw new Error('an external bus without brokers');
    const endpoint = (): AmqplibEndpoint => this.#amqplib([first.broker], 1);
    const prefix = namePrefix(run.runId);
    return new Names({ scenario, addresses: this.#addresses, prefix, admin, endpoint });
  }

  /** Each broker once, with the first site that names it. */
  #brokers(): ReadonlyMap<string, { readonly site: string; readonly broker: Broker }> {
    const found = new Map<string, { readonly site: string; readonly broker: Broker }>();
    for (const [site, brokers] of Object.entries(this.#options.endpoints)) {
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
    const { endpoints } = this.#options;
    const sites = Object.keys(endpoints).map((site) => ({ site }));
    const { places } = nearestFirst(sites, process, this.#parts.scenario);
    const ordered = new Map<string, Broker>();
    for (const { site } of places) {
      for (const broker of endpoints[site] ?? []) ordered.set(urlOf(broker), broker);
    }
    return { brokers: [...ordered.values()], home: endpoints[process.host.site]?.length ?? 1 };
  }

  #amqplib(brokers: readonly Broker[], home: number): AmqplibEndpoint {
    const { scenario, run, secrets } = this.#parts;
    const [first] = brokers;
    const [stated = ''] = this.#versions.values();
    const version = this.#peers?.first.version ?? stated;
    const declared = declarationOf(this.#options, scenario.guarantee, version);
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

  #rhea(brokers: readonly Broker[]): RheaEndpoint {
    const { login, tls } = this.#parts.secrets;
    const { prefetch, heartbeatMs, persistence } = this.#options;
    const [first] = brokers;
    const relay = this.#peers?.first.capabilities.includes('ANONYMOUS-RELAY') ?? true;
    return {
      servers: brokers.map(({ secure, host, port }) => {
        return {
          secure,
          host,
          port,
          user: login?.username ?? null,
          password: login?.password ?? null,
        };
      }),
      tls,
      hostname: first === undefined || first.vhost === '/' ? null : `vhost:${first.vhost}`,
      addresses: this.#templates(),
      replies: relay ? 'anonymous' : 'links',
      credit: prefetch,
      durable: persistence ?? this.#parts.scenario.guarantee === 'at-least-once',
      idleTimeoutMs: heartbeatMs,
    };
  }

  /** Until a peer has said what it is, oslo.messaging's routable scheme. */
  #templates(): RheaAddresses {
    const { scenario, run } = this.#parts;
    const { pattern } = scenario.workload;
    const { addresses } = this.#options;
    if (addresses !== null) return addresses;
    switch (this.#peers?.dialect) {
      case 'rabbitmq': {
        const { version } = this.#peers.first;
        return rheaAddresses(this.#addresses, namePrefix(run.runId), version);
      }
      case 'activemq':
        return activemqAddresses(pattern);
      default:
        return osloAddresses(scenario, osloPrefix, run.runId);
    }
  }
}
