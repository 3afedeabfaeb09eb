import { BusError } from '../../errors.ts';
import type { Fabric } from '../../fabrics/fabric.ts';
import type { Host } from '../../hosts/host.ts';
import type { Gateway } from './gateway-client.ts';
import type { NodeSurroundings, RabbitmqNode } from './node.ts';
import { waitUntil } from './polling.ts';

const bootMs = 120_000;

/** Keeps the nodes of one cluster reachable for each other across the fabric, and knows when one is in service. */
export class Cluster implements NodeSurroundings {
  readonly nodes: RabbitmqNode[] = [];
  readonly #fabric: Fabric;
  readonly #gateways: ReadonlyMap<Host, Gateway>;
  readonly #epmdPort: number;
  /** Moments of each node's boot, ms since `performance.timeOrigin`. */
  readonly registeredAt: Map<string, number> = new Map();
  readonly bootedAt: Map<string, number> = new Map();
  readonly servingAt: Map<string, number> = new Map();

  constructor(fabric: Fabric, gateways: ReadonlyMap<Host, Gateway>, epmdPort: number) {
    this.#fabric = fabric;
    this.#gateways = gateways;
    this.#epmdPort = epmdPort;
  }

  /** A relay at the port number of a node that boots makes that node refuse to start. */
  async beforeStart(node: RabbitmqNode): Promise<void> {
    const { host, distributionPort } = node.spec;
    await Promise.all(
      this.#othersOf(host).map((other) => this.#fabric.unroute(other, host, distributionPort)),
    );
  }

  /** Once registered with epmd the node listens: only now may relays to it open, and others reach it. */
  async afterStart(node: RabbitmqNode, signal: AbortSignal): Promise<void> {
    await this.#wait(node, 'registered with epmd', () => this.#unregistered(node, signal), signal);
    this.registeredAt.set(node.name, performance.now());
    const { host, distributionPort } = node.spec;
    await Promise.all(
      this.#othersOf(host).map(async (other) => {
        const { port } = await this.#fabric.route(other, host, distributionPort);
        if (port !== distributionPort) throw portChanged(this.#fabric.name, distributionPort, port);
      }),
    );
    await this.#wait(node, 'in service', () => this.#notServing(node, signal), signal);
    this.servingAt.set(node.name, performance.now());
  }

  #othersOf(host: Host): readonly Host[] {
    return [...this.#gateways.keys()].filter((other) => other !== host);
  }

  #wait(
    node: RabbitmqNode,
    what: string,
    look: () => Promise<string | null>,
    signal: AbortSignal,
  ): Promise<void> {
    const alive = async (): Promise<string | null> => {
      if (!node.alive) throw await node.deathNotice();
      return look();
    };
    const hint = `Look at ${node.spec.logFile}.`;
    const patience = { what: `${node.name} ${what}`, everyMs: 100, timeoutMs: bootMs, hint };
    return waitUntil(alive, patience, signal);
  }

  async #unregistered(node: RabbitmqNode, signal: AbortSignal): Promise<string | null> {
    const ask = { port: this.#epmdPort };
    const names = await this.#gateways.get(node.host)?.ask('epmd', ask, { signal });
    return names?.includes(node.name) ? null : 'its name is not registered';
  }

  /** In service: its plugins answer, and it sees every living node of the cluster running. */
  async #notServing(node: RabbitmqNode, signal: AbortSignal): Promise<string | null> {
    const { management } = node.spec;
    const overview = (await management.tryGet('/overview', signal)) as Overview | null;
    if (!overview) return 'its management API does not answer';
    if (!this.bootedAt.has(node.name)) this.bootedAt.set(node.name, performance.now());
    node.version = `${overview.rabbitmq_version} (Erlang ${overview.erlang_version})`;
    const seen = (await management.tryGet('/nodes?columns=name,running', signal)) as
      | readonly { readonly name: string; readonly running: boolean }[]
      | null;
    const running = new Set(seen?.filter((other) => other.running).map((other) => other.name));
    const absent = this.nodes.filter((n) => n.alive && !running.has(n.spec.erlangName));
    return absent.length === 0
      ? null
      : `it does not see ${absent.map((n) => n.name).join(', ')} in the cluster`;
  }
}

interface Overview {
  readonly rabbitmq_version: string;
  readonly erlang_version: string;
}

function portChanged(fabric: string, expected: number, got: number): BusError {
  return new BusError(
    'RABBITMQ_ROUTE_PORT',
    `fabric ${fabric}: Erlang dials port ${expected}, but the route to it listens at ${got}`,
    'Clustering across this fabric is not possible; use one node, or another fabric.',
  );
}
