import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { seededRandom } from '../../../topologies/random.ts';
import type { Announcement, ClientPeer, ServerPeer } from '../../protocol.ts';
import type {
  Driver,
  DriverOptions,
  ReceiveHandler,
  Receiver,
  Sender,
  SendHandler,
  Session,
} from '../driver.ts';
import type { AmqplibEndpoint } from './endpoint.ts';
import { type Backoff, Link } from './link.ts';
import { AmqplibReceiver } from './receiver.ts';
import { AmqplibSender } from './sender.ts';

/**
 * | | |
 * |---|---|
 * | Library | amqplib |
 * | Protocol | AMQP 0-9-1 (RabbitMQ 3.8 to 4.x) |
 * | Supports | call, cast, fanout, notify; target any and one; both guarantees; own and shared connections; failover |
 * | An acknowledgement means | the broker took responsibility for the message (publisher confirm): written to disk if persistent, on a majority if a quorum queue |
 * | Refused | unroutable, nacked; refused: the broker closed the channel over the message; connection-lost for what was unconfirmed |
 * | Limits | a reply is sent once and not confirmed; a stream's consumers each see every message |
 */
export const amqplibDriver: Driver<'amqplib'> = driverOf(true);

/** The same on amqplib's public face alone: what `amqplibDriver` falls back to, for the tests that hold them alike. */
export const amqplibPublicDriver: Driver<'amqplib'> = driverOf(false);

function driverOf(framing: boolean): Driver<'amqplib'> {
  return {
    async connect(options, signal) {
      const session = new AmqplibSession(options, framing);
      await session.connect(signal);
      return session;
    },
  };
}

/** Connections being opened at once: a broker's accept queue holds 128. */
const openingLimit = 100;

class AmqplibSession implements Session<'amqplib'> {
  readonly #options: DriverOptions<'amqplib'>;
  readonly #endpoint: AmqplibEndpoint;
  readonly #backoff: Backoff;
  readonly #links = new Set<Link>();
  readonly #openings = pLimit(openingLimit);
  #shared: Link | null = null;
  #turn = 0;
  #brokerVersion = '';
  readonly #framing: boolean;
  /** Members of amqplib that were not as we know them, on any of the connections so far. */
  readonly #differences = new Set<string>();

  constructor(options: DriverOptions<'amqplib'>, framing: boolean) {
    this.#framing = framing;
    this.#options = options;
    this.#endpoint = options.endpoint;
    this.#backoff = { ...options.reconnect, random: seededRandom(options.seed) };
  }

  /** The first connection proves the endpoint; peers of a shared process go on using it. */
  async connect(signal: AbortSignal): Promise<void> {
    const link = await this.#openLink(this.#options.process, signal);
    this.#brokerVersion = link.brokerVersion;
    if (this.#options.connections === 'shared') this.#shared = link;
    else await this.#closeLink(link);
  }

  get versions(): { readonly [name: string]: string } {
    const own = this.#framing && this.#differences.size === 0;
    return {
      amqplib: libraryVersion(),
      'amqplib messages': own ? 'own framing' : 'public API',
      rabbitmq: this.#brokerVersion,
    };
  }

  get detour(): string | null {
    if (this.#differences.size === 0) return null;
    const members = [...this.#differences].join(', ');
    return `amqplib ${libraryVersion()} differs inside from the one we know: ${members}`;
  }

  announcements(): readonly Announcement[] {
    return [];
  }

  async openReceiver(
    peer: ServerPeer,
    handler: ReceiveHandler,
    signal: AbortSignal,
  ): Promise<Receiver> {
    return this.#onLink(peer.name, signal, (link) =>
      AmqplibReceiver.open(link, this.#options, peer, handler),
    );
  }

  async openSender(
    peer: ClientPeer,
    _directory: null,
    handler: SendHandler,
    signal: AbortSignal,
  ): Promise<Sender> {
    return this.#onLink(peer.name, signal, (link) =>
      AmqplibSender.open(link, this.#options, peer, handler),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#links].map((link) => this.#closeLink(link)));
  }

  async #onLink<T>(
    name: string,
    signal: AbortSignal,
    open: (link: Link) => Promise<T>,
  ): Promise<T> {
    return await this.#openings(async () => {
      const link = this.#shared ?? (await this.#openLink(name, signal));
      try {
        return await open(link);
      } catch (error) {
        if (link !== this.#shared) await this.#closeLink(link);
        throw error;
      }
    });
  }

  async #openLink(name: string, signal: AbortSignal): Promise<Link> {
    const link = new Link({
      endpoint: this.#endpoint,
      turn: this.#turn++,
      failover: this.#options.failover,
      backoff: this.#backoff,
      name: `${this.#options.run} ${name}`,
      framing: this.#framing,
      differs: (members) => {
        for (const member of members) this.#differences.add(member);
      },
    });
    this.#links.add(link);
    try {
      await link.open(signal);
    } catch (error) {
      await this.#closeLink(link);
      throw error;
    }
    return link;
  }

  async #closeLink(link: Link): Promise<void> {
    this.#links.delete(link);
    await link.close();
  }
}

/** amqplib does not export its manifest, so it is read from beside its entry point. */
function libraryVersion(): string {
  const entry = createRequire(import.meta.url).resolve('amqplib');
  const manifest: unknown = JSON.parse(readFileSync(join(dirname(entry), 'package.json'), 'utf8'));
  const version = (manifest as { readonly version?: unknown }).version;
  return typeof version === 'string' ? version : '';
}
