import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observation } from '../../../reports/warnings/observed.ts';
import type { LinkShape, Topology } from '../../../topologies/topology.ts';
import { FabricError } from '../../errors.ts';
import { CallError } from '../../hosts/calls.ts';
import type { Host } from '../../hosts/host.ts';
import { measureRoundTrips } from '../echo.ts';
import type { Direction, Endpoint, Fabric } from '../fabric.ts';
import { type Block, relayAddress } from './address-block.ts';
import type { Relay } from './relay.ts';

const latenessLimitUs = 2_500;
/** Beyond this many times the limit the delays are no longer those that were asked for. */
const invalidFactor = 4;

/** Jitter wanders over some 8 standard deviations of time: about 100 independent delays give a steady median. */
const jitterSpans = 800;
const maxSpanMs = 5_000;

const limits = [
  'A connection is accepted at once by the relay; its first byte waits for the round trip that the handshake would take.',
  'Delays apply to TCP payload: there are no packets, so no loss, no slow start, no congestion window; rates count payload bytes.',
  'A cut link holds what it carries and sends it when healed; a real TCP would resend after its timer, up to as long again as the cut lasted.',
  'A cut stops one direction only; a real TCP would soon stop the other for want of acknowledgements.',
];

/** What a running loopback fabric consists of; disposed with it. */
export interface LoopbackParts {
  readonly topology: Topology;
  readonly block: Block;
  readonly directory: string;
  readonly hosts: readonly Host[];
  readonly home: Host;
  readonly relay: Relay;
  readonly logs: string;
  /** Of jitter. */
  readonly seed: number;
}

/** The loopback fabric once its relay process runs; `start` tells the relay its links. */
export class LoopbackFabric implements Fabric {
  readonly name = 'loopback';
  readonly limits: readonly string[] = limits;
  environment: Readonly<Record<string, string>>;
  readonly hosts: readonly Host[];
  readonly processes: Fabric['processes'];
  readonly inSiteReason = 'connections inside a site do not pass the relay of the loopback fabric';
  readonly #parts: LoopbackParts;
  readonly #routes = new Map<string, Promise<Endpoint>>();
  readonly #shapes: Map<string, LinkShape>;
  #disposed: Promise<void> | null = null;

  constructor(parts: LoopbackParts) {
    this.#parts = parts;
    this.hosts = parts.hosts;
    this.#shapes = new Map(parts.topology.links.map((link) => [`${link.from} ${link.to}`, link]));
    this.processes = [{ name: 'relay', process: parts.relay.process, host: parts.home }];
    this.environment = { addresses: `127.${parts.block.number}.0.0/15` };
  }

  async start(): Promise<void> {
    const { topology, seed } = this.#parts;
    const { nice } = await this.#parts.relay.ask('start', { links: topology.links, seed });
    this.environment = { ...this.environment, relayNice: String(nice) };
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
      await this.#parts.relay.ask('open', {
        from: from.site,
        to: to.site,
        listen,
        target,
        counted,
      });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
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
    await this.#parts.relay.ask('close', { listen: await known });
  }

  async shape(from: string, to: string, shape: Partial<LinkShape>): Promise<void> {
    if ((shape.lossPercent ?? 0) > 0) {
      throw new FabricError(
        'LOOPBACK_NO_LOSS',
        `a TCP relay cannot lose packets (${from} to ${to}: ${shape.lossPercent} %)`,
        'Use fabric: namespaces for loss, or degrade delay, jitter and rate only.',
      );
    }
    const key = `${from} ${to}`;
    const before = this.#shapes.get(key);
    if (before !== undefined) this.#shapes.set(key, { ...before, ...shape });
    await this.#parts.relay.ask('shape', { from, to, shape });
  }

  async cut(from: string, to: string): Promise<void> {
    await this.#parts.relay.ask('cut', { from, to });
  }

  async heal(from: string, to: string): Promise<void> {
    await this.#parts.relay.ask('heal', { from, to });
  }

  measure(
    probes: number,
    signal: AbortSignal,
    directions?: readonly Direction[],
  ): ReturnType<Fabric['measure']> {
    const { hosts, home, logs } = this.#parts;
    const shapes = [...this.#shapes.values()];
    const maxJitterMs = Math.max(0, ...shapes.map(({ jitterMs }) => jitterMs));
    const maxRttMs = 2 * Math.max(0, ...shapes.map(({ delayMs }) => delayMs + 5 * maxJitterMs));
    return measureRoundTrips(
      {
        crews: [
          { host: home, answersFor: hosts, probesFor: [] },
          { host: home, answersFor: [], probesFor: hosts },
        ],
        route: (from, to, port) => this.#route(from, to, port, false),
        unroute: (from, to, port) => this.unroute(from, to, port),
        ...(directions && { directions }),
        probes,
        minSpanMs: Math.min(maxSpanMs, jitterSpans * maxJitterMs),
        timeoutMs: 5_000 + 4 * maxRttMs,
        logFile: join(logs, 'echo.log'),
      },
      signal,
    );
  }

  traffic(): ReturnType<Fabric['traffic']> {
    return this.#parts.relay.ask('traffic', null);
  }

  async troubles(): Promise<readonly Observation[]> {
    const { p99Us, stalls } = await this.#parts.relay.ask('health', null);
    const troubles: Observation[] = [];
    if (p99Us > latenessLimitUs) {
      troubles.push({
        code: 'RELAY_LATE',
        message: `the relay delivered 1 % of its data more than ${p99Us} us later than the links ask for`,
        value: p99Us,
        limit: latenessLimitUs,
        invalidates: p99Us > invalidFactor * latenessLimitUs,
      });
    }
    if (stalls > 0) {
      troubles.push({
        code: 'RELAY_WINDOW',
        message: `connections waited ${stalls} times for the relay's memory, not for their link`,
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
    await relay[Symbol.asyncDispose]();
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
