import { appendFile } from 'node:fs/promises';
import type { Observation } from '../../../reports/warnings/observed.ts';
import type { LinkShape, Topology } from '../../../topologies/topology.ts';
import { FabricError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';
import type { Impairment } from './impairment.ts';
import {
  changeCommand,
  type Direction,
  directionCommands,
  type NetemCounters,
  parseCounters,
  rootCommand,
  segmentCommand,
} from './netem-commands.ts';
import type { SiteNetwork } from './site-network.ts';

const limits = [
  'netem draws the jitter of each packet anew and keeps the order, so that at high rates jitter adds to the mean delay.',
  'The queue of a link with a rate counts packets: 100 ms and the delay of it at 1500 bytes each, then it drops what comes.',
  'What is under way when a link is cut still arrives.',
];

const commandMs = 20_000;

/** Shapes the router's interfaces with tc. Everything goes with the router's namespace. */
export async function shapeWithNetem(
  network: SiteNetwork,
  topology: Topology,
): Promise<Impairment> {
  const links = new NetemLinks(network, topology);
  await links.start();
  return {
    name: 'netem',
    limits,
    environment: { tc: await links.version() },
    processes: [],
    shape: (from, to, shape) => links.change(from, to, { shape }),
    cut: (from, to) => links.change(from, to, { cut: true }),
    heal: (from, to) => links.change(from, to, { cut: false }),
    traffic: async () =>
      (await links.counters()).map(({ from, to, bytes, packets }) => ({
        from,
        to,
        bytes,
        packets,
      })),
    troubles: () => links.troubles(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface LinkState extends Direction {
  readonly from: string;
  readonly to: string;
  shape: LinkShape;
  cut: boolean;
  /** Drops that were told already, or that a loss or a cut explains. */
  dropsTold: number;
}

type Change = { readonly shape: Partial<LinkShape> } | { readonly cut: boolean };

class NetemLinks {
  readonly #network: SiteNetwork;
  readonly #links: ReadonlyMap<string, LinkState>;
  /** Whether each site now sends at wire size. */
  readonly #segments = new Map<string, boolean>();
  /** Changes of one link apply in the order of their calls. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(network: SiteNetwork, topology: Topology) {
    this.#network = network;
    const numberOf = (site: string): number =>
      topology.sites.findIndex(({ name }) => name === site) + 1;
    this.#links = new Map(
      topology.links.map((shape) => {
        const { from, to } = shape;
        const direction = { source: numberOf(from), destination: numberOf(to) };
        const state = { ...direction, from, to, shape, cut: false, dropsTold: 0 };
        return [`${from} ${to}`, state];
      }),
    );
  }

  async start(): Promise<void> {
    const links = [...this.#links.values()];
    await this.#tc([
      ...this.#network.sites.map((_, i) => rootCommand(i + 1)),
      ...links.flatMap((link) => directionCommands(link, link.shape)),
    ]);
    await Promise.all(this.#network.sites.map(({ site }) => this.#segment(site)));
  }

  async version(): Promise<string> {
    return (await this.#run(this.#network.router, ['tc', '-V'])).trim();
  }

  change(from: string, to: string, change: Change): Promise<void> {
    const link = this.#links.get(`${from} ${to}`);
    if (link === undefined) throw new RangeError(`no link from ${from} to ${to}`);
    const apply = async (): Promise<void> => {
      if ('shape' in change) link.shape = { ...link.shape, ...change.shape };
      else link.cut = change.cut;
      await this.#segment(from);
      await this.#tc([changeCommand(link, link.shape, link.cut)]);
    };
    const applied = this.#last.then(apply);
    this.#last = applied.catch(() => {});
    return applied;
  }

  async counters(): Promise<readonly (NetemCounters & LinkState)[]> {
    const json = await this.#run(this.#network.router, ['tc', '-s', '-j', 'qdisc', 'show']);
    const links = [...this.#links.values()];
    return parseCounters(json).flatMap((row) => {
      const link = links.find(
        ({ source, destination }) => source === row.source && destination === row.destination,
      );
      return link === undefined ? [] : [{ ...link, ...row }];
    });
  }

  /** netem counts losses that were asked for and a full queue alike: drops tell of a queue only where none was asked for. */
  async troubles(): Promise<readonly Observation[]> {
    let overflowed = 0;
    for (const { from, to, drops, shape, cut } of await this.counters()) {
      const link = this.#links.get(`${from} ${to}`);
      if (link === undefined) continue;
      if (shape.lossPercent === 0 && !cut) overflowed += drops - link.dropsTold;
      link.dropsTold = drops;
    }
    if (overflowed === 0) return [];
    return [
      {
        code: 'LINK_OVERFLOW',
        message: `${overflowed} packets found the queue of a link without loss full and were dropped`,
        value: overflowed,
        limit: 0,
        invalidates: false,
      },
    ];
  }

  async #segment(site: string): Promise<void> {
    const outgoing = [...this.#links.values()].filter(({ from }) => from === site);
    const segments = outgoing.some(({ shape }) => shape.lossPercent > 0 || shape.rateMbps !== null);
    if (segments === (this.#segments.get(site) ?? false)) return;
    const host = this.#network.sites.find((candidate) => candidate.site === site);
    if (host === undefined) throw new RangeError(`no site ${site}`);
    await this.#run(host, ['ip', ...segmentCommand(segments).split(' ')]);
    this.#segments.set(site, segments);
  }

  /** All or nothing is not to be had: tc stops at the first command that fails, and says which. */
  async #tc(commands: readonly string[]): Promise<void> {
    const { router, logFile } = this.#network;
    const text = `${commands.join('\n')}\n`;
    await appendFile(logFile, text.replaceAll(/^(?=.)/gm, 'tc '));
    const file = await router.put('tc.batch', text);
    try {
      await this.#run(router, ['tc', '-batch', file]);
    } catch (error) {
      throw new FabricError(
        'NAMESPACES_NETEM_REFUSED',
        `tc refuses what the links ask for: ${error instanceof Error ? error.message : String(error)}`,
        `The commands are in ${logFile}.`,
        { cause: error },
      );
    }
  }

  #run(host: Host, command: readonly string[]): Promise<string> {
    const { logFile } = this.#network;
    return host.run(command, { stdio: 'pipe', logFile, timeoutMs: commandMs });
  }
}
