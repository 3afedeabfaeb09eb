import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LinkShape, Topology } from '../../topologies/topology.ts';
import { FabricError } from '../errors.ts';
import type { Host, HostProcess } from '../hosts/host.ts';
import { localHost } from '../hosts/local.ts';
import { programPath } from '../program.ts';
import { measureRoundTrips } from './echo.ts';
import type { Endpoint, Fabric, FabricMaker, FabricTrouble, RunContext } from './fabric.ts';
import {
  type Block,
  claimBlock,
  maxSites,
  relayAddress,
  siteAddress,
  usualBlock,
  wholeLoopback,
} from './loopback/block.ts';
import type { RelayCalls } from './loopback/relay-protocol.ts';
import { RequestError, RequestLine } from './request-line.ts';

const latenessLimitUs = 2_500;
/** Beyond this many times the limit the delays are no longer those that were asked for. */
const invalidFactor = 4;

const limits = [
  'A connection is accepted at once by the relay; its first byte waits for the round trip that the handshake would take.',
  'Delays apply to TCP payload: there are no packets, so no loss, no slow start, no congestion window; rates count payload bytes.',
  'A cut link holds what it carries and sends it when healed; a real TCP would resend after its timer, up to as long again as the cut lasted.',
  'A cut stops one direction only; a real TCP would soon stop the other for want of acknowledgements.',
];

/** Sites on loopback addresses, joined by a relay process that delays TCP streams: no root, and no packet loss. */
export const loopback: FabricMaker = {
  name: 'loopback',
  needsRoot: [],
  refuse: (topology) => [
    ...topology.links.flatMap((link, index) =>
      link.lossPercent > 0
        ? [
            {
              path: `links[${index}].loss`,
              message: `a TCP relay cannot lose packets (${link.from} to ${link.to}: ${link.lossPercent} %); use fabric: namespaces`,
            },
          ]
        : [],
    ),
    ...topology.sites.flatMap((site, index) =>
      site.hosts.length > 0
        ? [
            {
              path: `sites.${site.name}.hosts`,
              message:
                'the loopback fabric has no machines; use fabric: machines, or leave the hosts out',
            },
          ]
        : index === maxSites
          ? [{ path: 'sites', message: `at most ${maxSites} sites on loopback addresses` }]
          : [],
    ),
  ],
  addresses: (topology) =>
    topology.sites.map(({ name }, index) => ({
      site: name,
      host: name,
      address: siteAddress(usualBlock, index + 1),
    })),
  available: async () =>
    (await wholeLoopback())
      ? null
      : {
          missing: 'loopback addresses other than 127.0.0.1',
          mend: 'run on Linux, or give lo0 an alias for each address that `busbench plan` shows',
        },
  make,
};

async function make(topology: Topology, run: RunContext, signal: AbortSignal): Promise<Fabric> {
  signal.throwIfAborted();
  const block = await claimBlock();
  const directory = join(run.scratch, 'loopback');
  let relay: HostProcess | null = null;
  try {
    const hosts = await Promise.all(
      topology.sites.map(({ name }, index) =>
        localHost({
          name,
          site: name,
          address: siteAddress(block.number, index + 1),
          directory: join(directory, name),
        }),
      ),
    );
    const home = await localHost({
      name: 'fabric',
      site: 'fabric',
      address: `127.${block.number}.0.1`,
      directory: join(directory, '.fabric'),
    });
    relay = await home.spawn(
      [process.execPath, programPath('orchestrator/fabrics/loopback/relay-main')],
      {
        stdio: 'pipe',
        logFile: join(run.logs, 'relay.log'),
      },
    );
    const fabric = new LoopbackFabric({ block, directory, hosts, home, relay, logs: run.logs });
    await fabric.start(topology);
    signal.throwIfAborted();
    return fabric;
  } catch (error) {
    await relay?.end(1_000);
    await block[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

interface Parts {
  readonly block: Block;
  readonly directory: string;
  readonly hosts: readonly Host[];
  readonly home: Host;
  readonly relay: HostProcess;
  readonly logs: string;
}

class LoopbackFabric implements Fabric {
  readonly name = 'loopback';
  readonly limits: readonly string[] = limits;
  readonly environment: Readonly<Record<string, string>>;
  readonly hosts: readonly Host[];
  readonly processes: Fabric['processes'];
  readonly inSiteReason = 'connections inside a site do not pass the relay of the loopback fabric';
  readonly #parts: Parts;
  readonly #line: RequestLine<RelayCalls>;
  readonly #routes = new Map<string, Promise<Endpoint>>();
  #longestRttMs = 0;
  #disposed: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.hosts = parts.hosts;
    this.processes = [{ name: 'relay', process: parts.relay, host: parts.home }];
    this.environment = { addresses: `127.${parts.block.number}.0.0/15` };
    this.#line = new RequestLine(
      parts.relay,
      (how) =>
        new FabricError(
          'LOOPBACK_RELAY_ENDED',
          `the relay process of the loopback fabric (pid ${parts.relay.pid}) has ended: ${how}`,
          `See ${join(parts.logs, 'relay.log')}; every connection between sites is gone with it.`,
        ),
    );
  }

  async start({ links }: Topology): Promise<void> {
    this.#longestRttMs = 2 * Math.max(0, ...links.map((link) => link.delayMs + 5 * link.jitterMs));
    await this.#line.request('start', { links });
  }

  route(from: Host, to: Host, port: number): Promise<Endpoint> {
    return this.#route(from, to, port, true);
  }

  #route(from: Host, to: Host, port: number, counted: boolean): Promise<Endpoint> {
    if (from.site === to.site) return Promise.resolve({ address: to.address, port });
    const key = routeKey(from, to, port);
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const opening = this.#open(from, to, port, counted);
    this.#routes.set(key, opening);
    opening.catch(() => this.#routes.delete(key));
    return opening;
  }

  async #open(from: Host, to: Host, port: number, counted: boolean): Promise<Endpoint> {
    const target = { address: to.address, port };
    const listen = { address: this.#relayAddress(from, to), port };
    try {
      await this.#line.request('open', { from: from.site, to: to.site, listen, target, counted });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      throw new FabricError(
        'LOOPBACK_ROUTE_FAILED',
        `the relay cannot listen on ${listen.address}:${port}, which is ${to.site} as seen from ${from.site}: ${error.message}`,
        error.code === 'EADDRINUSE'
          ? `Something listens on port ${port} of every address; \`ss -ltnp 'sport = ${port}'\` names it.`
          : `See ${join(this.#parts.logs, 'relay.log')}.`,
        { cause: error },
      );
    }
    return listen;
  }

  async unroute(from: Host, to: Host, port: number): Promise<void> {
    const key = routeKey(from, to, port);
    const known = this.#routes.get(key);
    if (known === undefined) return;
    this.#routes.delete(key);
    await this.#line.request('close', { listen: await known });
  }

  async shape(from: string, to: string, shape: Partial<LinkShape>): Promise<void> {
    if ((shape.lossPercent ?? 0) > 0) {
      throw new FabricError(
        'LOOPBACK_NO_LOSS',
        `a TCP relay cannot lose packets (${from} to ${to}: ${shape.lossPercent} %)`,
        'Use fabric: namespaces for loss, or degrade delay, jitter and rate only.',
      );
    }
    const rttMs = 2 * ((shape.delayMs ?? 0) + 5 * (shape.jitterMs ?? 0));
    this.#longestRttMs = Math.max(this.#longestRttMs, rttMs);
    await this.#line.request('shape', { from, to, shape });
  }

  async cut(from: string, to: string): Promise<void> {
    await this.#line.request('cut', { from, to });
  }

  async heal(from: string, to: string): Promise<void> {
    await this.#line.request('heal', { from, to });
  }

  measure(probes: number, signal: AbortSignal): ReturnType<Fabric['measure']> {
    const { hosts, home, logs } = this.#parts;
    return measureRoundTrips(
      {
        crews: [
          { host: home, answersFor: hosts, probesFor: [] },
          { host: home, answersFor: [], probesFor: hosts },
        ],
        route: (from, to, port) => this.#route(from, to, port, false),
        unroute: (from, to, port) => this.unroute(from, to, port),
        probes,
        timeoutMs: 5_000 + 4 * this.#longestRttMs,
        logFile: join(logs, 'echo.log'),
      },
      signal,
    );
  }

  traffic(): ReturnType<Fabric['traffic']> {
    return this.#line.request('traffic', null);
  }

  async troubles(): Promise<readonly FabricTrouble[]> {
    const { p99Us, stalls } = await this.#line.request('health', null);
    const troubles: FabricTrouble[] = [];
    if (p99Us > latenessLimitUs) {
      troubles.push({
        code: 'RELAY_LATE',
        message: `the relay delivered 1 % of its data more than ${p99Us} us later than the links ask for`,
        advice:
          'Lower the rate, or give the machine more idle cores: delays are longer than requested.',
        value: p99Us,
        limit: latenessLimitUs,
        invalidates: p99Us > invalidFactor * latenessLimitUs,
      });
    }
    if (stalls > 0) {
      troubles.push({
        code: 'RELAY_WINDOW',
        message: `connections waited ${stalls} times for the relay's memory, not for their link`,
        advice: 'Set a rate on the links: without one, throughput here is bounded by the relay.',
        value: stalls,
        limit: 0,
        invalidates: false,
      });
    }
    return troubles;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    const { relay, block, directory } = this.#parts;
    relay.stdin?.end();
    await relay.end(1_000);
    await block[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }

  /** Sites are numbered from 1 in the topology's order. */
  #relayAddress(from: Host, to: Host): string {
    const numberOf = (host: Host): number => this.hosts.indexOf(host) + 1;
    return relayAddress(this.#parts.block.number, numberOf(from), numberOf(to));
  }
}

function routeKey(from: Host, to: Host, port: number): string {
  return `${from.name} ${to.name} ${port}`;
}
