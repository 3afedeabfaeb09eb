import { amqplibDriver } from '../../agents/drivers/amqplib/amqplib.ts';
import type { AmqplibEndpoint } from '../../agents/drivers/amqplib/endpoint.ts';
import type { DriverOptions, Session } from '../../agents/drivers/driver.ts';
import type { Bus } from '../../orchestrator/buses/bus.ts';
import type { Host } from '../../orchestrator/hosts/host.ts';
import { ResourceStack } from '../../orchestrator/processes/resource-stack.ts';
import { TestClient, TestServer } from '../contract/driver-peers.ts';
import { endpointFor } from './endpoint.ts';

type Brokers = AmqplibEndpoint['brokers'];
type Options = DriverOptions<'amqplib'>;
type Given = Pick<Options, 'pattern' | 'guarantee'> & Partial<Options>;

/** Opens servers and clients on a deployed bus, each in a session at the host it names; disposing closes all. */
export class Peers implements AsyncDisposable {
  readonly #bus: Bus;
  readonly #options: Given;
  readonly #through: Brokers | null;
  readonly #stack = new ResourceStack();
  #processes = 0;

  /** `through` replaces the brokers that the bus names. */
  constructor(bus: Bus, options: Given, through: Brokers | null = null) {
    this.#bus = bus;
    this.#options = options;
    this.#through = through;
  }

  async server(
    host: Host,
    index: number,
    place: { readonly topic?: number; readonly subscriber?: number } = {},
  ): Promise<TestServer> {
    const session = await this.#session(host);
    const server = new TestServer(this.#options.pattern === 'call');
    const peer = { index, name: `server/${index}`, site: 0, topic: 0, subscriber: index, ...place };
    server.receiver = await session.openReceiver(peer, server, AbortSignal.timeout(20_000));
    return server;
  }

  async client(
    host: Host,
    index: number,
    place: { readonly topic?: number; readonly server?: number } = {},
  ): Promise<TestClient> {
    const session = await this.#session(host);
    const client = new TestClient(index);
    const peer = { index, name: `client/${index}`, site: 0, topic: 0, server: null, ...place };
    client.sender = await session.openSender(peer, null, client, AbortSignal.timeout(20_000));
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }

  async #session(host: Host): Promise<Session> {
    const index = this.#processes++;
    const name = `process-${index}`;
    const process = { name, index, host, clients: [], servers: [] };
    const given = endpointFor('amqplib', await this.#bus.endpoint(process));
    const endpoint = this.#through ? { ...given, brokers: this.#through } : given;
    const options = {
      run: 'test',
      process: name,
      connections: 'own',
      failover: false,
      reconnect: { minMs: 50, maxMs: 300 },
      seed: 1,
      ...this.#options,
      endpoint,
    } as const;
    return this.#stack.use(await amqplibDriver.connect(options, AbortSignal.timeout(20_000)));
  }
}
