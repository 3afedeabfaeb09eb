import { join } from 'node:path';
import type { Observation } from '../../../reports/warnings/observed.ts';
import type { LinkShape } from '../../../topologies/topology.ts';
import { FabricError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';
import type { HostFacts } from '../../hosts/remote/protocol.ts';
import type { ResourceStack } from '../../processes/resource-stack.ts';
import { measureRoundTrips } from '../echo.ts';
import type { Direction, Endpoint, Fabric, RunContext, Traffic } from '../fabric.ts';

const limits = [
  'The links are those of the machines as they were: nothing was asked of them, and what else they carried is not known.',
];
const notCounted = 'nobody counts bytes on links that are taken as they are';
/** The longest round trip that is still waited for. */
const patienceMs = 15_000;

/** What a running machines fabric consists of; disposed with it. */
export interface MachinesParts {
  readonly hosts: readonly Host[];
  /** By host name. */
  readonly facts: ReadonlyMap<string, HostFacts>;
  readonly run: RunContext;
  readonly stack: ResourceStack;
}

/** Sites on real machines, with whatever network there is between them. */
export class MachinesFabric implements Fabric {
  readonly name = 'machines';
  readonly limits: readonly string[] = limits;
  readonly environment: Readonly<Record<string, string>>;
  readonly hosts: readonly Host[];
  readonly processes: Fabric['processes'] = [];
  readonly inSiteReason: string = notCounted;
  readonly trafficReason: string = notCounted;
  readonly takesLinksAsTheyAre = true;
  readonly #parts: MachinesParts;

  constructor(parts: MachinesParts) {
    this.#parts = parts;
    this.hosts = parts.hosts;
    this.environment = Object.fromEntries(
      [...parts.facts].map(([name, { hostname, node, kernel, arch, cores }]) => [
        `host ${name}`,
        `${hostname}, node ${node}, ${kernel} ${arch}, ${cores} cores`,
      ]),
    );
  }

  async route(_from: Host, to: Host, port: number): Promise<Endpoint> {
    return { address: to.address, port };
  }

  async unroute(): Promise<void> {}

  /** Buses calm their links while they start: where nothing was asked, there is nothing to calm. */
  async shape(from: string, to: string, shape: Partial<LinkShape>): Promise<void> {
    const { delayMs = 0, jitterMs = 0, lossPercent = 0, rateMbps = null } = shape;
    if (delayMs + jitterMs + lossPercent > 0 || rateMbps !== null) throw untouched(from, to);
  }

  async cut(from: string, to: string): Promise<void> {
    throw untouched(from, to);
  }

  async heal(from: string, to: string): Promise<void> {
    throw untouched(from, to);
  }

  measure(
    probes: number,
    signal: AbortSignal,
    directions?: readonly Direction[],
  ): ReturnType<Fabric['measure']> {
    const concerned = new Set(directions?.flatMap(({ from, to }) => [from, to]));
    const hosts = this.hosts.filter(({ site }) => !directions || concerned.has(site));
    return measureRoundTrips(
      {
        probes,
        minSpanMs: 0,
        timeoutMs: patienceMs,
        ...(directions && { directions }),
        crews: hosts.map((host) => ({ host, answersFor: [host], probesFor: [host] })),
        route: (from, to, port) => this.route(from, to, port),
        unroute: () => this.unroute(),
        logFile: join(this.#parts.run.logs, 'echo.log'),
      },
      signal,
    );
  }

  async traffic(): Promise<readonly Traffic[]> {
    return [];
  }

  async troubles(): Promise<readonly Observation[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.stack[Symbol.asyncDispose]();
  }
}

function untouched(from: string, to: string): FabricError {
  return new FabricError(
    'MACHINES_LINKS_FIXED',
    `the link from ${from} to ${to} is taken as it is`,
    'A bug: the plan should have refused it. Please report it.',
  );
}
