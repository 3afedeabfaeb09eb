import { join } from 'node:path';
import type { ZeromqDirectory } from '../../../agents/drivers/zeromq/endpoint.ts';
import type { RttSample } from '../../../reports/evidence.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import type { RunContext } from '../../fabrics/fabric.ts';
import type { Host } from '../../hosts/host.ts';
import type { AgentProcess } from '../bus.ts';
import type { Listening, NameService } from './directory.ts';
import { ProxyNode } from './proxy.ts';
import type { ProxyOpening } from './proxy-calls.ts';

/** The proxies of a run, `bus-1` ... ; none in mode direct. */
export class ProxyGroup implements AsyncDisposable {
  readonly nodes: readonly ProxyNode[];
  readonly #scenario: ResolvedScenario;
  readonly #names: NameService;

  private constructor(nodes: readonly ProxyNode[], scenario: ResolvedScenario, names: NameService) {
    this.nodes = nodes;
    this.#scenario = scenario;
    this.#names = names;
  }

  static async start(
    scenario: ResolvedScenario,
    hosts: readonly Host[],
    run: RunContext,
    endpoint: (host: Host) => ProxyOpening['endpoint'],
    names: NameService,
    signal: AbortSignal,
  ): Promise<ProxyGroup> {
    const { reconnect } = scenario.clients;
    const nodes = scenario.bus.nodes.flatMap((site, i) => {
      const host = hosts.find((candidate) => candidate.site === site);
      if (host === undefined) return [];
      const name = `bus-${i + 1}`;
      const opening = { endpoint: endpoint(host), reconnect, seed: scenario.seed + i };
      return [new ProxyNode(name, host, opening, join(run.logs, `${name}.log`))];
    });
    const group = new ProxyGroup(nodes, scenario, names);
    try {
      await Promise.all(nodes.map((node) => node.start(signal)));
    } catch (error) {
      await group[Symbol.asyncDispose]();
      throw error;
    }
    return group;
  }

  /** Connects every proxy to every server and returns what each process is told. */
  async connect(
    processes: readonly AgentProcess[],
    servers: readonly Listening[],
    samples: readonly RttSample[] | null,
    signal: AbortSignal,
  ): Promise<readonly ZeromqDirectory[]> {
    const clients = processes.flatMap((process) => process.clients);
    const targets: Record<string, number> = {};
    for (const { index, server } of clients) if (server !== null) targets[index] = server;
    await Promise.all(
      this.nodes.map(async (node) => {
        const entries = await this.#names.servers(node.host, servers, samples);
        await node.serve({ servers: entries, targets }, signal);
      }),
    );
    // Clients dial none of the servers, but every one is a route to be proven.
    const known = servers.map(({ server, topic, subscriber }) => {
      return { server, topic, subscriber, distance: 0, address: '', port: 0 };
    });
    return Promise.all(
      processes.map(async ({ host, index }) => {
        const node = this.#nodeFor(host, index);
        const { address, port } = await this.#names.dial(host, node.host, node.port);
        return { proxy: { address, port }, servers: known };
      }),
    );
  }

  async counters(
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
    // A proxy that a fault has stopped or killed has none to tell.
    const asked = await Promise.allSettled(this.nodes.map((node) => node.counts(signal)));
    const counters = new Map<string, Readonly<Record<string, number>>>();
    for (const [i, { name }] of this.nodes.entries()) {
      const outcome = asked[i];
      if (outcome?.status === 'fulfilled') counters.set(name, outcome.value);
    }
    return counters;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** A proxy of the process's own site, in turns where there are several, or else of the nearest site that has one. */
  #nodeFor({ site }: Host, processIndex: number): ProxyNode {
    const delayMs = (node: ProxyNode): number =>
      this.#scenario.links
        .filter(
          ({ from, to }) =>
            (from === site && to === node.site) || (from === node.site && to === site),
        )
        .reduce((sum, link) => sum + link.delayMs, 0);
    const sorted = [...this.nodes].sort((a, b) => delayMs(a) - delayMs(b));
    const [nearest] = sorted;
    if (nearest === undefined) throw new RangeError('a zeromq bus in mode proxy without nodes');
    const equal = sorted.filter((node) => node.site === nearest.site);
    return equal[processIndex % equal.length] ?? nearest;
  }
}
