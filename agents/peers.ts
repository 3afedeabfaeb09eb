import pLimit from 'p-limit';
import pTimeout from 'p-timeout';
import type { Driver, DriverOptions, Receiver, Sender, Session } from './drivers/driver.ts';
import type { Directory, DriverName, EndpointOf } from './drivers/endpoint.ts';
import { AgentFailure } from './errors.ts';
import type { Assignment } from './protocol.ts';
import type { Clients } from './workloads/clients.ts';
import type { Servers } from './workloads/servers.ts';

const openTimeoutMs = 60_000;
/** How often it is told how many clients are open. */
const tellEveryMs = 500;

/** Loads one driver by its name. */
export type LoadDriver = <D extends DriverName>(name: D) => Promise<Driver<D>>;

/** The connections of one process: a session, its receivers, its senders. */
export class Peers {
  readonly #assignment: Assignment;
  readonly #session: Session;
  readonly #signal: AbortSignal;
  readonly #receivers: Receiver[] = [];
  readonly #senders: (Sender | undefined)[] = [];

  private constructor(assignment: Assignment, session: Session, signal: AbortSignal) {
    this.#assignment = assignment;
    this.#session = session;
    this.#signal = signal;
  }

  static async connect(
    load: LoadDriver,
    assignment: Assignment,
    signal: AbortSignal,
  ): Promise<Peers> {
    const { run, process, workload, guarantee, connections, failover, reconnect, seed, bus } =
      assignment;
    const { pattern } = workload;
    const options = {
      run,
      process,
      pattern,
      guarantee,
      connections,
      failover,
      reconnect,
      seed: seed + assignment.processIndex,
      ...(assignment.announced && { announced: assignment.announced }),
    };
    const session = await openSession(load, bus, options, signal);
    return new Peers(assignment, session, signal);
  }

  get session(): Session {
    return this.#session;
  }

  async openReceivers(servers: Servers): Promise<void> {
    const { servers: peers, openAtOnce } = this.#assignment;
    await pLimit(openAtOnce).map(peers, async (peer, position) => {
      const receiver = await within(`open server ${peer.name}`, this.#signal, (bounded) =>
        this.#session.openReceiver(peer, servers.handler(position), bounded),
      );
      servers.attach(position, receiver);
      this.#receivers.push(receiver);
    });
  }

  /** Resolves with the number of routes of each client; `onOpened` hears now and then how many are open. */
  async openSenders(
    clients: Clients,
    directory: Directory,
    onOpened: (clients: number) => void,
  ): Promise<number[]> {
    let opened = 0;
    let toldMs = performance.now();
    const { clients: peers, openAtOnce } = this.#assignment;
    await pLimit(openAtOnce).map(peers, async (peer, position) => {
      const sender = await within(`open client ${peer.name}`, this.#signal, (bounded) =>
        this.#session.openSender(peer, directory, clients.handler(position), bounded),
      );
      clients.attach(position, sender);
      this.#senders[position] = sender;
      opened++;
      if (performance.now() - toldMs < tellEveryMs) return;
      toldMs = performance.now();
      onOpened(opened);
    });
    return this.#senders.map((sender) => sender?.routes ?? 1);
  }

  /** Cuts the connections of the client at this position. */
  disconnect(position: number): void {
    this.#senders[position]?.disconnect();
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#senders.map((sender) => sender?.close()));
    await Promise.allSettled(this.#receivers.map((receiver) => receiver.close()));
    await this.#session[Symbol.asyncDispose]();
  }
}

/** The driver and its endpoint stay paired by their type. */
async function openSession<D extends DriverName>(
  load: LoadDriver,
  { driver: name, endpoint }: { readonly driver: D; readonly endpoint: EndpointOf<D> },
  options: Omit<DriverOptions<D>, 'endpoint'>,
  signal: AbortSignal,
): Promise<Session<D>> {
  const driver = await load(name);
  return await within(`connect to the bus (driver ${name})`, signal, (bounded) =>
    driver.connect({ ...options, endpoint }, bounded),
  );
}

/** Runs `open` with a signal that ends it when the agent stops or it takes over a minute. */
async function within<T>(
  what: string,
  signal: AbortSignal,
  open: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const bounded = new AbortController();
  const late = (got: string) =>
    new AgentFailure(
      'AGENT_OPEN_TIMEOUT',
      `${what}: expected an answer within ${openTimeoutMs / 1e3} s, got ${got}`,
      'See the logs of the bus nodes; `busbench check` shows the limits of this machine.',
    );
  const stop = (): void => bounded.abort(late('a stop'));
  signal.addEventListener('abort', stop);
  const fallback = (): never => {
    bounded.abort();
    throw late('nothing');
  };
  try {
    const opened = open(bounded.signal);
    return await pTimeout(opened, {
      milliseconds: openTimeoutMs,
      fallback,
      signal: bounded.signal,
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
