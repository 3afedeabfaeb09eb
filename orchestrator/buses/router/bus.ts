import { nowUs } from '../../../agents/clock.ts';
import type { Directory, Endpoint } from '../../../agents/drivers/endpoint.ts';
import type { RheaAddresses, RheaServer } from '../../../agents/drivers/rhea/endpoint.ts';
import type { RouterOptions } from '../../../topologies/buses/router.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import type { Fabric } from '../../fabrics/fabric.ts';
import type { ResourceStack } from '../../processes/resource-stack.ts';
import type { AgentProcess, Bus } from '../bus.ts';
import { addressesOfServer, addressOfClient, exchangeOf, osloAddresses } from './addresses.ts';
import { countedSince, localShareOf, routerCounters } from './counters.ts';
import { type ExpectedAddress, waitDeserted, waitSpread } from './mesh.ts';
import type { RouterNode } from './node.ts';

/** Of client connections; a router that is silent for twice this long is taken for dead. */
const idleTimeoutMs = 8_000;

interface Timing {
  readonly readyMs: number;
  readonly convergedMs: number;
}

/** A converged mesh. */
export class RouterBus implements Bus {
  readonly type = 'router';
  readonly nodes: readonly RouterNode[];
  readonly readyMs: number;
  readonly #scenario: ResolvedScenario;
  readonly #options: RouterOptions;
  readonly #fabric: Fabric;
  readonly #addresses: RheaAddresses;
  /** In every address of the run. */
  readonly #exchange: string;
  readonly #resources: ResourceStack;
  #details: Readonly<Record<string, number>>;
  #baseline: ReadonlyMap<string, Readonly<Record<string, number>>> = new Map();

  constructor(
    scenario: ResolvedScenario,
    options: RouterOptions,
    fabric: Fabric,
    runId: string,
    nodes: readonly RouterNode[],
    resources: ResourceStack,
    timing: Timing,
  ) {
    this.nodes = nodes;
    this.readyMs = timing.readyMs;
    this.#scenario = scenario;
    this.#options = options;
    this.#fabric = fabric;
    this.#addresses = osloAddresses(scenario, options.prefix, runId);
    this.#exchange = exchangeOf(runId);
    this.#resources = resources;
    this.#details = { convergedMs: timing.convergedMs };
  }

  get details(): Readonly<Record<string, number>> {
    return this.#details;
  }

  async endpoint(process: AgentProcess): Promise<Endpoint> {
    const { failover } = this.#scenario.clients;
    const routers = this.#preferred(process);
    const dialled = failover ? routers : routers.slice(0, 1);
    const servers: RheaServer[] = [];
    for (const router of dialled) {
      const { address: host, port } = await this.#fabric.route(
        process.host,
        router.host,
        router.ports.normal,
      );
      servers.push({ secure: false, host, port, user: null, password: null });
    }
    return {
      driver: 'rhea',
      endpoint: {
        servers,
        tls: { ca: null, cert: null, key: null, serverName: null },
        hostname: null,
        addresses: this.#addresses,
        replies: 'anonymous',
        credit: this.#options.credit,
        durable: false,
        idleTimeoutMs,
      },
    };
  }

  async directory(
    processes: readonly AgentProcess[],
    _announcements: unknown,
    signal: AbortSignal,
  ): Promise<readonly Directory[]> {
    const startUs = nowUs();
    await waitSpread(this.#expected(processes), this.#exchange, signal);
    const addressPropagationMs = (nowUs() - startUs) / 1e3;
    this.#details = { ...this.#details, addressPropagationMs };
    return processes.map(() => null);
  }

  async counters(
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
    const all = new Map<string, Readonly<Record<string, number>>>();
    for (const [name, counters] of await this.#read(signal)) {
      all.set(name, countedSince(this.#baseline.get(name) ?? {}, counters));
    }
    const share = localShareOf(all.values());
    if (share !== null) this.#details = { ...this.#details, routerLocalShare: share };
    return all;
  }

  async reset(signal: AbortSignal): Promise<void> {
    await waitDeserted(this.nodes, this.#exchange, signal);
    this.#baseline = await this.#read(signal);
  }

  async #read(signal: AbortSignal): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
    const exchange = this.#exchange;
    const hidden = this.nodes.some(({ plan }) => plan.mode === 'edge');
    const read = this.nodes.map(async (node) => {
      const sameSite = this.nodes.filter(({ site }) => site === node.site);
      const names = hidden ? null : sameSite.map(({ name }) => name);
      return [node.name, await routerCounters(node, names, exchange, signal)] as const;
    });
    return new Map(await Promise.all(read));
  }

  topicSite(): null {
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources[Symbol.asyncDispose]();
  }

  /** Routers in the order a process tries them: its own site's, rotated by its index, then by delay. */
  #preferred(process: AgentProcess): readonly RouterNode[] {
    const { site } = process.host;
    const delayTo = (to: string): number =>
      this.#scenario.links.find((link) => link.from === site && link.to === to)?.delayMs ?? 0;
    const own = this.nodes.filter((node) => node.site === site);
    const turn = own.length === 0 ? 0 : process.index % own.length;
    const others = this.nodes
      .filter((node) => node.site !== site)
      .sort((a, b) => delayTo(a.site) - delayTo(b.site));
    return [...own.slice(turn), ...own.slice(0, turn), ...others];
  }

  /** Who has to see what: each address a client sends to, at the router where routes for it are chosen. */
  #expected(processes: readonly AgentProcess[]): readonly ExpectedAddress[] {
    const holders = new Map<string, Map<RouterNode, number>>();
    for (const process of processes) {
      const router = this.#preferred(process)[0];
      if (router === undefined) continue;
      const interior = this.#interiorOf(router);
      for (const server of process.servers) {
        for (const address of addressesOfServer(this.#addresses, server)) {
          const at = holders.get(address) ?? new Map<RouterNode, number>();
          // An edge router stands for all its receivers with one link.
          at.set(interior, interior === router ? (at.get(interior) ?? 0) + 1 : 1);
          holders.set(address, at);
        }
      }
    }
    const expected = new Map<string, ExpectedAddress>();
    for (const process of processes) {
      const first = this.#preferred(process)[0];
      if (first === undefined) continue;
      const router = this.#interiorOf(first);
      for (const client of process.clients) {
        const address = addressOfClient(this.#addresses, client);
        const at = holders.get(address) ?? new Map<RouterNode, number>();
        const subscribers = at.get(router) ?? 0;
        const remotes = [...at.keys()].filter((holder) => holder !== router).length;
        expected.set(`${router.name} ${address}`, { router, address, subscribers, remotes });
      }
    }
    return [...expected.values()];
  }

  #interiorOf(router: RouterNode): RouterNode {
    if (router.plan.mode !== 'edge') return router;
    const hub = router.plan.dials[0]?.to;
    return this.nodes.find((node) => node.name === hub) ?? router;
  }
}
