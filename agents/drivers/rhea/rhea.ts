/**
 * | | |
 * |---|---|
 * | library | rhea 3: handshake, links, flow control; its message codec and its reconnection are not used |
 * | protocol | AMQP 1.0, over TCP or TLS; SASL ANONYMOUS, PLAIN or EXTERNAL |
 * | peers | qdrouterd, skrouterd, RabbitMQ with its amqp1_0 plugin, ActiveMQ, any other broker |
 * | supports | call, cast, fanout, notify as far as the addresses of the bus carry them; own and shared connections; failover |
 * | at most once | pre-settled transfers both ways: a router may drop them when congested and counts them |
 * | at least once | unsettled: `accepted` is the receiver's word through a router, the broker's own through a broker; replies are unsettled too |
 * | refused | rejected, released, modified with the bus's condition; refused: link or session ended over the message; connection-lost for what was unsettled then |
 * | back-pressure | no link credit, a full session window, or over 256 KiB waiting in the socket: `send` is false |
 * | limits | one route a client: a probe proves the address, not each server behind it |
 */
import { patterns } from '../../../topologies/patterns.ts';
import { seededRandom } from '../../../topologies/random.ts';
import { fillText } from '../../../topologies/templates.ts';
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
import { RheaConnection } from './connection.ts';
import type { RheaEndpoint } from './endpoint.ts';
import { rheaVersion } from './library.ts';
import { RheaReceiver } from './receiver.ts';
import { RheaSender } from './sender.ts';

export const rheaDriver: Driver<'rhea'> = driverOf(true);

/** The same on rhea's public face alone: what `rheaDriver` falls back to, for the tests that hold them alike. */
export const rheaPublicDriver: Driver<'rhea'> = driverOf(false);

function driverOf(hooks: boolean): Driver<'rhea'> {
  return {
    async connect(options, signal) {
      const session = new RheaSession(options, hooks);
      await session.connect(signal);
      return session;
    },
  };
}

class RheaSession implements Session<'rhea'> {
  readonly #options: DriverOptions<'rhea'>;
  readonly #endpoint: RheaEndpoint;
  readonly #random: () => number;
  readonly #connections = new Set<RheaConnection>();
  /** The connection made by `connect`: everybody's when shared, else the first peer's. */
  #first: RheaConnection | null = null;
  #peer: readonly [product: string, version: string] | null = null;
  readonly #hooks: boolean;
  /** Members of rhea that are not as we know them, on any of the connections so far. */
  readonly #differences = new Set<string>();

  constructor(options: DriverOptions<'rhea'>, hooks: boolean) {
    this.#hooks = hooks;
    this.#options = options;
    this.#endpoint = options.endpoint;
    this.#random = seededRandom(options.seed);
  }

  get versions(): { readonly [name: string]: string } {
    const own = this.#hooks && this.#differences.size === 0;
    const messages = { 'rhea messages': own ? 'own codec' : 'public API' };
    const peer = this.#peer === null ? {} : { [this.#peer[0]]: this.#peer[1] };
    return { rhea: rheaVersion, ...messages, ...peer };
  }

  get detour(): string | null {
    if (this.#differences.size === 0) return null;
    const members = [...this.#differences].join(', ');
    return `rhea ${rheaVersion} differs inside from the one we know: ${members}`;
  }

  async connect(signal: AbortSignal): Promise<void> {
    const first = await this.#dial(this.#options.process, signal);
    this.#first = first;
    this.#peer = first.peerVersion;
  }

  announcements(): readonly Announcement[] {
    return [];
  }

  async openReceiver(
    peer: ServerPeer,
    handler: ReceiveHandler,
    signal: AbortSignal,
  ): Promise<Receiver> {
    const { run, pattern, guarantee, connections } = this.#options;
    const { addresses, replies, credit, durable } = this.#endpoint;
    const names = { run, topic: peer.topic, server: peer.index, pool: peer.subscriber };
    const connection = await this.#connectionFor(peer.name, signal);
    const receiver = new RheaReceiver(
      connection,
      {
        addresses: addresses.receive.map((address) => fillText(address, names)),
        replies: patterns[pattern].replies ? replies : 'none',
        guarantee,
        credit,
        durable,
        own: connections === 'own',
      },
      handler,
    );
    await connection.add(receiver, signal);
    return receiver;
  }

  async openSender(
    peer: ClientPeer,
    _directory: null,
    handler: SendHandler,
    signal: AbortSignal,
  ): Promise<Sender> {
    const { run, pattern, guarantee, connections } = this.#options;
    const { addresses, credit, durable } = this.#endpoint;
    const one = peer.server === null ? null : addresses.sendOne;
    const names = { run, topic: peer.topic, server: peer.server ?? '', client: peer.index };
    const reply = addresses.reply === null ? null : fillText(addresses.reply, names);
    const connection = await this.#connectionFor(peer.name, signal);
    const sender = new RheaSender(
      connection,
      {
        address: fillText(one ?? addresses.send, names),
        reply: patterns[pattern].replies ? { address: reply } : null,
        guarantee,
        credit,
        durable,
        own: connections === 'own',
      },
      handler,
    );
    await connection.add(sender, signal);
    return sender;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.close()));
    this.#connections.clear();
  }

  async #connectionFor(peer: string, signal: AbortSignal): Promise<RheaConnection> {
    const first = this.#first;
    if (first === null) return await this.#dial(peer, signal);
    if (this.#options.connections === 'own') this.#first = null;
    return first;
  }

  async #dial(name: string, signal: AbortSignal): Promise<RheaConnection> {
    const { run, failover, reconnect } = this.#options;
    const connection = new RheaConnection({
      endpoint: this.#endpoint,
      container: `busbench-${run}.${name}`,
      failover,
      reconnect,
      random: this.#random,
      hooks: this.#hooks,
      differs: (members) => {
        for (const member of members) this.#differences.add(member);
      },
    });
    await connection.open(signal);
    this.#connections.add(connection);
    return connection;
  }
}
