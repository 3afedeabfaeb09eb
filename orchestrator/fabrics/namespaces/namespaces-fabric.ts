import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observation } from '../../../reports/warnings/observed.ts';
import type { LinkShape, Topology } from '../../../topologies/topology.ts';
import { FabricError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';
import type { Owner } from '../../processes/owner.ts';
import { endOwned } from '../../processes/stale.ts';
import { type EchoOptions, measureRoundTrips } from '../echo.ts';
import type { Direction, Endpoint, Fabric, RunContext, Traffic } from '../fabric.ts';
import type { Impairment } from './impairment.ts';
import type { SiteNetwork } from './site-network.ts';

const limits = [
  'All sites share the processors, memory and disks of this machine; only the network between them is apart.',
  'Inside a site there is one network stack and no link: its processes talk over the loopback interface.',
];

/** Losses to expect among the probes of a lossy link, where time allows: 10 tell 1 % from 2 %. */
const wantedLosses = 10;
const maxPairProbes = 2_000;
const maxProbes = 10_000;
/** Jitter wanders over some 8 standard deviations of time: about 100 independent delays give a steady median. */
const jitterSpans = 800;
const maxSpanMs = 5_000;
/** Segments that a new connection may have under way (RFC 6928 allows 10). */
const initialWindow = 8;
/** A probe with its headers, and the share of a slow link that probes may take. */
const probeBits = 8 * 130;
const probeShare = 0.2;

/** What the links ask of whoever probes them: how often, how long, and how late an answer may be. */
function patience(
  probes: number,
  shapes: readonly LinkShape[],
): Pick<EchoOptions, 'probes' | 'minSpanMs' | 'timeoutMs' | 'pairProbesPerSecond' | 'datagrams'> {
  const maxJitterMs = Math.max(0, ...shapes.map(({ jitterMs }) => jitterMs));
  const maxRttMs = 2 * Math.max(0, ...shapes.map(({ delayMs }) => delayMs + 5 * maxJitterMs));
  const losses = shapes.flatMap(({ lossPercent }) => (lossPercent > 0 ? [lossPercent / 100] : []));
  const telling = losses.length === 0 ? 0 : wantedLosses / Math.min(...losses);
  const affordable = Math.min(maxPairProbes, maxProbes / Math.max(1, shapes.length));
  const minRateMbps = Math.min(...shapes.map(({ rateMbps }) => rateMbps ?? 1e6));
  return {
    probes,
    minSpanMs: Math.min(maxSpanMs, jitterSpans * maxJitterMs),
    // A lost handshake is tried again after 1 s, 2 s and 4 s.
    timeoutMs: 5_000 + 4 * maxRttMs + (losses.length === 0 ? 0 : 20_000),
    pairProbesPerSecond: (probeShare * minRateMbps * 1e6) / probeBits,
    datagrams: {
      probes: Math.ceil(Math.max(probes, Math.min(telling, affordable))),
      stragglersMs: 1_000 + 2 * maxRttMs,
      streamProbesPerSecond: (1e3 * initialWindow) / Math.max(1, maxRttMs),
    },
  };
}

/** What a running namespaces fabric consists of; disposed with it. */
export interface NamespacesParts {
  readonly topology: Topology;
  readonly run: RunContext;
  readonly owner: Owner;
  readonly network: SiteNetwork;
  readonly impairment: Impairment;
}

/** Sites in network namespaces, joined by a router that delays, loses, limits and cuts at the level of packets. */
export class NamespacesFabric implements Fabric {
  readonly name = 'namespaces';
  readonly limits: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly hosts: readonly Host[];
  readonly processes: Fabric['processes'];
  readonly inSiteReason = null;
  readonly #parts: NamespacesParts;
  readonly #shapes: Map<string, LinkShape>;
  #disposed: Promise<void> | null = null;

  constructor(parts: NamespacesParts) {
    const { network, impairment, topology } = parts;
    this.#parts = parts;
    this.#shapes = new Map(topology.links.map((link) => [`${link.from} ${link.to}`, link]));
    this.limits = [...limits, ...impairment.limits];
    this.hosts = network.sites;
    this.processes = impairment.processes;
    this.environment = {
      backEnd: impairment.name,
      privilege: network.privilege,
      ...impairment.environment,
      ...network.settings,
    };
  }

  /** Every host has an address of its own that all others reach through the router. */
  async route(_from: Host, to: Host, port: number): Promise<Endpoint> {
    return { address: to.address, port };
  }

  async unroute(): Promise<void> {}

  async shape(from: string, to: string, shape: Partial<LinkShape>): Promise<void> {
    const before = this.#shapes.get(`${from} ${to}`);
    if (before !== undefined) this.#shapes.set(`${from} ${to}`, { ...before, ...shape });
    await this.#parts.impairment.shape(from, to, shape);
  }

  cut(from: string, to: string): Promise<void> {
    return this.#parts.impairment.cut(from, to);
  }

  heal(from: string, to: string): Promise<void> {
    return this.#parts.impairment.heal(from, to);
  }

  measure(
    probes: number,
    signal: AbortSignal,
    directions?: readonly Direction[],
  ): ReturnType<Fabric['measure']> {
    const shapes = [...this.#shapes.values()];
    const concerned = new Set(directions?.flatMap(({ from, to }) => [from, to]));
    const hosts = this.hosts.filter(({ site }) => !directions || concerned.has(site));
    return measureRoundTrips(
      {
        ...patience(probes, shapes),
        ...(directions && { directions }),
        crews: hosts.map((host) => ({ host, answersFor: [host], probesFor: [host] })),
        route: (from, to, port) => this.route(from, to, port),
        unroute: () => this.unroute(),
        logFile: join(this.#parts.run.logs, 'echo.log'),
      },
      signal,
    );
  }

  /** Between sites as the router sees it; inside a site as its loopback interface does. IP headers count in both. */
  async traffic(): Promise<readonly Traffic[]> {
    const inside = this.hosts.map((host): Traffic => {
      return { from: host.site, to: host.site, ...this.#loopbackTraffic(host) };
    });
    return [...inside, ...(await this.#parts.impairment.traffic())];
  }

  #loopbackTraffic(host: Host): { readonly bytes: number; readonly packets: number } {
    const keeper = this.#parts.network.namespaces.get(host)?.process.pid;
    const counters = readFileSync(`/proc/${keeper}/net/dev`, 'utf8');
    const sent = /^\s*lo:(?:\s+\d+){8}\s+(\d+)\s+(\d+)/m.exec(counters);
    if (sent !== null) return { bytes: Number(sent[1]), packets: Number(sent[2]) };
    throw new FabricError(
      'NAMESPACES_NO_COUNTERS',
      `no loopback interface in the counters of ${host.name}:\n${counters}`,
      'Somebody changed the namespace of this site; run again.',
    );
  }

  troubles(): Promise<readonly Observation[]> {
    return this.#parts.impairment.troubles();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    const { impairment, owner, run } = this.#parts;
    await impairment[Symbol.asyncDispose]();
    await endOwned(owner);
    await rm(join(run.scratch, 'namespaces'), { recursive: true, force: true });
  }
}
