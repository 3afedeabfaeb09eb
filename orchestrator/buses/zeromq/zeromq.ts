import type { ZeromqEndpoint } from '../../../agents/drivers/zeromq/endpoint.ts';
import type { ScenarioWith } from '../../../topologies/scenario.ts';
import type { Fabric, RunContext } from '../../fabrics/fabric.ts';
import type { Host } from '../../hosts/host.ts';
import { here } from '../../hosts/premises.ts';
import type { Bus, BusDeployer } from '../bus.ts';
import { listening, NameService } from './directory.ts';
import { ProxyGroup } from './proxies.ts';

/**
 * ZeroMQ. Direct: nothing is deployed, peers dial peers by the orchestrator's name service. Proxy: clients dial the
 * proxy of their site, which dials the servers of all sites.
 */
export const zeromqBus: BusDeployer<'zeromq'> = {
  type: 'zeromq',
  refuse(scenario) {
    const refusals: { path: string; message: string }[] = [];
    if (scenario.guarantee === 'at-least-once') {
      refusals.push({
        path: 'guarantee',
        message: 'zeromq has no acknowledgements: expected at-most-once',
      });
    }
    const { options } = scenario.bus;
    if (options.mode === 'proxy' && scenario.clients.failover) {
      refusals.push({
        path: 'clients.failover',
        message: 'clients of a zeromq proxy know only that one: expected false',
      });
    }
    return refusals;
  },
  describe(scenario) {
    const { mode, choice, hwm, ioThreads } = scenario.bus.options;
    const threads = ioThreads === 1 ? '1 io thread' : `${ioThreads} io threads`;
    return [
      `zeromq: ${mode}, server choice ${choice}, high-water mark ${hwm} messages a peer, ${threads} a process`,
      ...scenario.bus.nodes.map((site, i) => `zeromq: bus-${i + 1} is the proxy of ${site}`),
    ];
  },
  async available(_spec, premises = here) {
    try {
      await premises.run(premises.program('orchestrator/buses/zeromq/load-main'));
      return null;
    } catch (error) {
      const said = error instanceof Error ? error.message.split('\n') : [String(error)];
      const reason = said.find((line) => /Error: /.test(line)) ?? said.at(-1);
      return { missing: `the zeromq package does not load: ${reason}`, hint: 'npm install' };
    }
  },
  deploy,
};

/** Round trips a pair that decide which servers are closest. */
const distanceProbes = 20;

async function deploy(
  scenario: ScenarioWith<'zeromq'>,
  fabric: Fabric,
  run: RunContext,
  signal: AbortSignal,
): Promise<Bus> {
  const { choice, hwm, ioThreads } = scenario.bus.options;
  const names = new NameService(fabric);
  const own = (host: Host): ZeromqEndpoint => ({
    address: host.address,
    choice,
    highWaterMark: hwm,
    ioThreads,
  });
  const startedMs = performance.now();
  const proxies = await ProxyGroup.start(scenario, fabric.hosts, run, own, names, signal);
  return {
    type: 'zeromq',
    nodes: proxies.nodes,
    readyMs: proxies.nodes.length === 0 ? 0 : performance.now() - startedMs,
    details: {},
    endpoint: ({ host }) => Promise.resolve({ driver: 'zeromq', endpoint: own(host) }),
    async directory(processes, announcements, stop) {
      await names.clear();
      const servers = listening(processes, announcements);
      const samples = choice === 'closest' ? await fabric.measure(distanceProbes, stop) : null;
      if (proxies.nodes.length > 0) return proxies.connect(processes, servers, samples, stop);
      return Promise.all(
        processes.map(async ({ host, clients }) => {
          const wanted = new Set(clients.map(({ topic }) => topic));
          const dialed = servers.filter(({ topic }) => wanted.has(topic));
          return { proxy: null, servers: await names.servers(host, dialed, samples) };
        }),
      );
    },
    counters: (stop) => proxies.counters(stop),
    reset: () => names.clear(),
    topicSite: () => null,
    async [Symbol.asyncDispose]() {
      await proxies[Symbol.asyncDispose]();
      await names.clear();
    },
  };
}
