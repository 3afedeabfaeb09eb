import type { ServerEntry } from '../../../agents/drivers/zeromq/endpoint.ts';
import type { Announcement } from '../../../agents/protocol.ts';
import type { RttSample } from '../../../reports/evidence.ts';
import { BusError } from '../../errors.ts';
import type { Endpoint, Fabric } from '../../fabrics/fabric.ts';
import type { Host } from '../../hosts/host.ts';
import type { AgentProcess } from '../bus.ts';
import { siteDistances } from './site-distances.ts';

/** A server and where it listens. */
export interface Listening {
  readonly server: number;
  readonly topic: number;
  readonly subscriber: number;
  readonly host: Host;
  readonly port: number;
}

/** Every server of the run with its port; rejects a server that no process announced. */
export function listening(
  processes: readonly AgentProcess[],
  announcements: ReadonlyMap<number, readonly Announcement[]>,
): readonly Listening[] {
  return processes.flatMap((process) =>
    process.servers.map(({ index, name, topic, subscriber }) => {
      const announced = announcements.get(process.index)?.find(({ server }) => server === index);
      if (announced === undefined) {
        throw new BusError(
          'ZEROMQ_NOT_ANNOUNCED',
          `server ${name} at ${process.host.site} announced no port`,
          'This is a bug of busbench: report it with the logs of the run.',
        );
      }
      return { server: index, topic, subscriber, host: process.host, port: announced.port };
    }),
  );
}

/** The name service: which address each host dials for a server, through the fabric. */
export class NameService {
  readonly #fabric: Fabric;
  #routes: { readonly from: Host; readonly to: Host; readonly port: number }[] = [];

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
  }

  async dial(from: Host, to: Host, port: number): Promise<Endpoint> {
    this.#routes.push({ from, to, port });
    return this.#fabric.route(from, to, port);
  }

  /** `samples` order servers by distance; null puts all in one distance. */
  async servers(
    from: Host,
    servers: readonly Listening[],
    samples: readonly RttSample[] | null,
  ): Promise<ServerEntry[]> {
    const sites = [...new Set(servers.map(({ host }) => host.site))];
    const distances = samples === null ? null : siteDistances(from.site, sites, samples);
    return Promise.all(
      servers.map(async ({ server, topic, subscriber, host, port }) => {
        const { address, port: dialed } = await this.dial(from, host, port);
        const distance = distances?.get(host.site) ?? 0;
        return { server, topic, subscriber, distance, address, port: dialed };
      }),
    );
  }

  /** Gives up every route, so that a later run on this fabric finds their port numbers free. */
  async clear(): Promise<void> {
    const routes = this.#routes;
    this.#routes = [];
    await Promise.all(routes.map(({ from, to, port }) => this.#fabric.unroute(from, to, port)));
  }
}
