import type { ClientPeer, ServerPeer } from '../../agents/protocol.ts';
import type { DriverContract, DriverRig, RigOptions } from './driver.ts';
import { TestClient, TestServer } from './driver-peers.ts';

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

/** A rig and the peers on it; closes all in the order in which an agent would. */
export class Bench implements AsyncDisposable {
  readonly #rig: DriverRig;
  readonly #replies: boolean;
  readonly #peers: ServerPeer[] = [];
  readonly #servers: TestServer[] = [];
  readonly #clients: TestClient[] = [];

  private constructor(rig: DriverRig, replies: boolean) {
    this.#rig = rig;
    this.#replies = replies;
  }

  static async open(
    contract: DriverContract,
    options: Partial<RigOptions> & Pick<RigOptions, 'pattern'>,
  ): Promise<Bench> {
    const rig = await contract.setup({
      run: `contract${process.pid}`,
      guarantee: 'at-most-once',
      connections: 'own',
      failover: false,
      reconnect: { minMs: 50, maxMs: 200 },
      seed: 1,
      capacity: null,
      ...options,
    });
    return new Bench(rig, options.pattern === 'call');
  }

  async serve(peers: readonly Partial<ServerPeer>[]): Promise<TestServer[]> {
    return Promise.all(
      peers.map(async (given, index) => {
        const name = `server.paris/${index}`;
        const peer = { index, name, site: 0, topic: 0, subscriber: 0, ...given };
        const server = new TestServer(this.#replies);
        this.#peers.push(peer);
        this.#servers.push(server);
        server.receiver = await this.#rig.servers.openReceiver(peer, server, signal());
        return server;
      }),
    );
  }

  async dial(peers: readonly Partial<ClientPeer>[]): Promise<TestClient[]> {
    const clientPeers = peers.map((given, index) => {
      const name = `client.paris/${index}`;
      return { index, name, site: 0, topic: 0, server: null, ...given };
    });
    const directory = await this.#rig.directory(this.#peers, clientPeers);
    return Promise.all(
      clientPeers.map(async (peer) => {
        const client = new TestClient(peer.index);
        this.#clients.push(client);
        const { clients } = this.#rig;
        client.sender = await clients.openSender(peer, directory, client, signal());
        return client;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.sender?.close()));
    await Promise.all(this.#servers.map((server) => server.receiver?.close()));
    await this.#rig.close();
  }
}
