import { setTimeout as sleepFor } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import { connect } from 'amqplib';
import { DriverError } from '../../errors.ts';
import type { AmqplibEndpoint } from './endpoint.ts';
import { FramedWire } from './framed-wire.ts';
import { cutOff, differencesOf } from './internals.ts';
import type { Wire } from './port.ts';
import { publicWire } from './public-wire.ts';
import { brokerWords } from './words.ts';

/** What a link tells the channels that live on it. */
export interface LinkListener {
  up(): void;
  down(reason: string): void;
  /** An attempt to bring it up again was refused, or failed. */
  hindered(reason: string): void;
  /** The broker stops (a reason) or resumes (null) reading from publishers: a memory or disk alarm. */
  blocked(reason: string | null): void;
}

export interface LinkOptions {
  readonly endpoint: AmqplibEndpoint;
  /** Which of the equally near brokers comes first. */
  readonly turn: number;
  readonly failover: boolean;
  readonly backoff: Backoff;
  /** Name of the connection in the broker's own lists. */
  readonly name: string;
  /** Whether messages may go around amqplib's public face, where its inside is as we know it. */
  readonly framing: boolean;
  /** Told of members of amqplib that are not as we know them, whenever such a connection or channel opens. */
  differs(members: readonly string[]): void;
}

/** Waits between attempts: `minMs` doubling up to `maxMs`, each with the upper half left to chance. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
  readonly random: () => number;
}

/** Delay before attempt number `attempt` (from 0), ms. */
export function backoffMs(backoff: Backoff, attempt: number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(attempt, 30));
  return ceiling * (0.5 + backoff.random() / 2);
}

const connectTimeoutMs = 10_000;
/** A first connection is tried this often: many clients at once may overflow the broker's accept queue. */
const firstAttempts = 5;

/** One connection to a broker, made again whenever it is lost until `close`. */
export class Link {
  readonly #options: LinkOptions;
  readonly #listeners = new Set<LinkListener>();
  readonly #stop = new AbortController();
  #model: ChannelModel | null = null;
  #wire: Wire | null = null;
  #broker = 0;
  #blockedReason: string | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#broker = options.turn % Math.max(1, options.endpoint.home);
  }

  /** Null while there is no connection. */
  get model(): ChannelModel | null {
    return this.#model;
  }

  /** Reads and writes messages on the present connection. */
  get wire(): Wire | null {
    return this.#wire;
  }

  get blockedReason(): string | null {
    return this.#blockedReason;
  }

  get backoff(): Backoff {
    return this.#options.backoff;
  }

  /** Version the broker states in its handshake, empty before the first connection. */
  get brokerVersion(): string {
    return this.#model?.connection.serverProperties.version ?? '';
  }

  /** The first connection; rejects with AMQPLIB_CONNECT_FAILED naming the broker. */
  async open(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        this.#adopt(await this.#dial());
        return;
      } catch (cause) {
        if (attempt + 1 >= firstAttempts || !isTransient(cause)) throw this.#connectError(cause);
      }
      await sleepFor(backoffMs(this.#options.backoff, attempt), undefined, { signal });
    }
  }

  /** Listens to this link; call the result to stop. */
  listen(listener: LinkListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Cuts the connection at the socket; the link then reconnects. */
  cut(): void {
    if (this.#model) cutOff(this.#model, 'cut by fault injection');
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const model = this.#model;
    this.#model = null;
    this.#wire = null;
    if (!model) return;
    const closed = model.close().catch(() => {});
    await Promise.race([closed, sleepFor(closeTimeoutMs, undefined, { ref: false })]);
    discard(model);
  }

  #dial(): Promise<ChannelModel> {
    return dialBroker(this.#options.endpoint, this.#current(), this.#options.name);
  }

  #adopt(model: ChannelModel): void {
    if (this.#stop.signal.aborted) {
      discard(model);
      return;
    }
    this.#model = model;
    this.#wire = this.#wireOf(model);
    let reason = 'connection closed';
    model.on('error', (error) => {
      reason = brokerWords(error);
    });
    model.once('close', (error) => this.#lost(model, error ? brokerWords(error) : reason));
    model.on('blocked', (why) => this.#setBlocked(why));
    model.on('unblocked', () => this.#setBlocked(null));
    for (const listener of this.#listeners) listener.up();
  }

  /** Each connection is looked at: one that comes back in the middle of a run may differ too. */
  #wireOf(model: ChannelModel): Wire {
    const { framing, differs } = this.#options;
    if (!framing) return publicWire;
    const differences = differencesOf(model);
    if (differences.length === 0) return new FramedWire(model, differs);
    differs(differences);
    return publicWire;
  }

  #setBlocked(reason: string | null): void {
    this.#blockedReason = reason;
    for (const listener of this.#listeners) listener.blocked(reason);
  }

  #lost(model: ChannelModel, reason: string): void {
    if (this.#model !== model) return;
    this.#model = null;
    this.#wire = null;
    this.#blockedReason = null;
    const { host, port } = this.#current();
    for (const listener of this.#listeners) listener.down(`${host}:${port}: ${reason}`);
    void this.#reconnect();
  }

  /** Never rejects. With failover the next broker gets its turn after each failed attempt. */
  async #reconnect(): Promise<void> {
    const { endpoint, backoff, failover } = this.#options;
    const signal = this.#stop.signal;
    for (let attempt = 0; !signal.aborted; attempt++) {
      await sleepFor(backoffMs(backoff, attempt), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        this.#adopt(await this.#dial());
        return;
      } catch (error) {
        const { host, port } = this.#current();
        for (const listener of this.#listeners) {
          listener.hindered(`${host}:${port}: ${brokerWords(error)}`);
        }
        if (failover) this.#broker = (this.#broker + 1) % endpoint.brokers.length;
      }
    }
  }

  #current(): { readonly host: string; readonly port: number } {
    return this.#options.endpoint.brokers[this.#broker] ?? { host: '', port: 0 };
  }

  #connectError(cause: unknown): DriverError {
    const { host, port } = this.#current();
    return new DriverError(
      'AMQPLIB_CONNECT_FAILED',
      `amqplib: no connection to ${host}:${port}: ${brokerWords(cause)}`,
      'Is the broker up, the address right, and do user, virtual host and TLS settings fit?',
      { cause },
    );
  }
}

/** One connection, shown in the broker's own lists as `name`. Rejects as amqplib does. */
export function dialBroker(
  endpoint: AmqplibEndpoint,
  broker: { readonly host: string; readonly port: number },
  name: string,
): Promise<ChannelModel> {
  const { tls, username, password, vhost } = endpoint;
  return connect(
    {
      protocol: tls ? 'amqps' : 'amqp',
      hostname: broker.host,
      port: broker.port,
      username,
      password,
      vhost: encodeURIComponent(vhost),
      heartbeat: endpoint.heartbeatSeconds,
    },
    {
      noDelay: true,
      timeout: connectTimeoutMs,
      clientProperties: { connection_name: name },
      ...(tls?.ca && { ca: tls.ca }),
      ...(tls?.cert && { cert: tls.cert }),
      ...(tls?.key && { key: tls.key }),
      ...(tls?.serverName && { servername: tls.serverName }),
    },
  );
}

const closeTimeoutMs = 2_000;

/** Ends a connection nobody waits for. Only an error makes amqplib stop its heartbeat timer. */
function discard(model: ChannelModel): void {
  model.on('error', () => {});
  cutOff(model, 'closed');
}

/** Worth another try: the network refused or was slow, as opposed to a broker that said no. */
function isTransient(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ETIMEDOUT') return true;
  return cause instanceof Error && /ETIMEDOUT|Socket closed abruptly/.test(cause.message);
}
