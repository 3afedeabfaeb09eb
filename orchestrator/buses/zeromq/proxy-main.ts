import type { Context, Router } from 'zeromq';
import {
  type Group,
  groupOf,
  makeGroups,
  onRoute,
  reachable,
  type Start,
  select,
  startOf,
} from '../../../agents/drivers/zeromq/choice.ts';
import { type ServerEntry, tcpUrl } from '../../../agents/drivers/zeromq/endpoint.ts';
import { FullLinks, Link, type LinkUser } from '../../../agents/drivers/zeromq/link.ts';
import {
  makeRouter,
  pump,
  sharedContext,
  versions,
} from '../../../agents/drivers/zeromq/socket.ts';
import { emptyHeader, flagProbe, readHeader } from '../../../agents/header.ts';
import { serveCalls } from '../../hosts/calls.ts';
import type { ProxyCalls, ProxyCounts, ProxyDirectory } from './proxy-calls.ts';

type Opening = ProxyCalls['open']['ask'];

/** Takes the messages of a site's clients and passes each to servers anywhere, by its header; and replies back. */
class SiteProxy implements LinkUser {
  readonly index = 0;
  readonly counts: { -readonly [K in keyof ProxyCounts]: ProxyCounts[K] } = {
    requests: 0,
    copies: 0,
    replies: 0,
    dropped: 0,
  };
  readonly #opening: Opening;
  readonly #context: Context;
  readonly #front: Router;
  readonly #start: Start;
  readonly #full = new FullLinks();
  readonly #header = emptyHeader();
  readonly #links = new Map<number, Link>();
  /** Groups of each topic, and each server by itself for clients that have a target. */
  readonly #topics = new Map<number, readonly Group[]>();
  readonly #single = new Map<number, readonly Group[]>();
  #targets: ProxyDirectory['targets'] = {};
  #serving = false;
  #woken: (() => void) | null = null;

  constructor(opening: Opening) {
    const { choice, highWaterMark, ioThreads } = opening.endpoint;
    this.#opening = opening;
    this.#context = sharedContext(ioThreads);
    this.#front = makeRouter(this.#context, highWaterMark);
    this.#start = startOf(choice, opening.seed);
  }

  /** Binds the first port that is free and returns it. */
  async listen(): Promise<number> {
    const { endpoint, ports } = this.#opening;
    for (const port of ports) {
      try {
        await this.#front.bind(tcpUrl({ address: endpoint.address, port }));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
        throw error;
      }
      return port;
    }
    throw new Error(`no port of ${ports[0]} to ${ports.at(-1)} is free at ${endpoint.address}`);
  }

  /** Dials these servers instead of those before; settles when all have answered. */
  async serve({ servers, targets }: ProxyDirectory): Promise<void> {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#single.clear();
    this.#topics.clear();
    this.wake();
    this.#targets = targets;
    for (const entry of servers) {
      const { highWaterMark } = this.#opening.endpoint;
      const { reconnect } = this.#opening;
      const link = new Link(entry, {
        context: this.#context,
        highWaterMark,
        reconnect,
        full: this.#full,
      });
      link.attach(this);
      this.#links.set(entry.server, link);
      this.#single.set(entry.server, [groupOf(link)]);
    }
    const dial = ({ server }: ServerEntry) => this.#links.get(server) as Link;
    for (const topic of new Set(servers.map((entry) => entry.topic))) {
      const entries = servers.filter((entry) => entry.topic === topic);
      this.#topics.set(topic, makeGroups(entries, true, 0, dial));
    }
    await Promise.all([...this.#links.values()].map((link) => link.ready));
    // Only now are clients greeted: until then they know this proxy as down, and send nothing that would be dropped.
    if (this.#serving) return;
    this.#serving = true;
    void pump(this.#front, (parts) => this.#forward(parts));
  }

  wake(): void {
    this.#woken?.();
  }

  reply(parts: Buffer[]): void {
    this.counts.replies++;
    this.#front.send(parts).catch(() => {});
  }

  refused(): void {
    this.counts.dropped++;
  }

  connection(): void {}

  /** While a promise is returned nothing further is read: clients feel it as back-pressure. */
  #forward(parts: Buffer[]): Promise<void> | undefined {
    const body = parts[parts.length - 1];
    if (body === undefined || !readHeader(body, this.#header)) return undefined;
    this.counts.requests++;
    const groups = this.#route();
    let waiting: Promise<void> | undefined;
    for (const group of groups) {
      const earlier: Promise<void> | undefined = waiting;
      waiting = earlier ? earlier.then(() => this.#pass(parts, group)) : this.#pass(parts, group);
    }
    if (groups.length === 0) this.counts.dropped++;
    return waiting;
  }

  #route(): readonly Group[] {
    const { client, topic, flags, sequence } = this.#header;
    const target = this.#targets[client];
    if (target !== undefined) return this.#single.get(target) ?? [];
    const groups = this.#topics.get(topic) ?? [];
    // The sequence of a probe is the route that it proves.
    return (flags & flagProbe) === 0 ? groups : onRoute(groups, sequence).map(groupOf);
  }

  /** One copy to one server of the group; waits while those that are connected are full. */
  #pass(parts: Buffer[], group: Group): Promise<void> | undefined {
    const link = select(group, this.#start);
    if (link !== null) {
      this.counts.copies++;
      link.send(parts, this, 0);
      return undefined;
    }
    if (!reachable(group)) {
      this.counts.dropped++;
      return undefined;
    }
    return this.#untilWoken(group).then(() => this.#pass(parts, group));
  }

  #untilWoken(group: Group): Promise<void> {
    return new Promise((resolve) => {
      this.#woken = resolve;
      for (const link of group.members) link.await(this);
    });
  }
}

let proxy: SiteProxy | null = null;

function opened(): SiteProxy {
  if (proxy === null) throw new Error('the proxy was not opened');
  return proxy;
}

serveCalls<ProxyCalls>({
  async open(opening) {
    proxy = new SiteProxy(opening);
    const version = `${versions['libzmq']} (zeromq ${versions['zeromq']})`;
    return { port: await proxy.listen(), version };
  },
  async serve(directory) {
    await opened().serve(directory);
    return null;
  },
  count: () => opened().counts,
});
