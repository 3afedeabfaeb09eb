import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import type { Fabric } from '../fabrics/fabric.ts';
import { projectRoot } from '../program.ts';
import type { Bus, BusDeployer } from './bus.ts';
import { listening, NameService } from './zeromq-directory.ts';
import { parseZeromq, zeromqOptions } from './zeromq-options.ts';
import { clientSockets, fileLimit, socketProblem } from './zeromq-sockets.ts';

/** Brokerless ZeroMQ: nothing is deployed, peers dial peers by the orchestrator's name service. */
export const zeromqBus: BusDeployer = {
  type: 'zeromq',
  inProcess: false,
  parse: parseZeromq,
  refuse(scenario) {
    const refusals: { path: string; message: string }[] = [];
    if (scenario.guarantee === 'at-least-once') {
      refusals.push({
        path: 'guarantee',
        message: 'zeromq has no acknowledgements: expected at-most-once',
      });
    }
    const limit = fileLimit();
    for (const need of clientSockets(scenario, zeromqOptions(scenario.bus))) {
      const problem = socketProblem(need, limit);
      if (problem !== null) refusals.push({ path: 'clients.connections', message: problem });
    }
    return refusals;
  },
  describe(scenario) {
    const { mode, choice, hwm, ioThreads } = zeromqOptions(scenario.bus);
    const threads = ioThreads === 1 ? '1 io thread' : `${ioThreads} io threads`;
    const limit = fileLimit();
    return [
      `zeromq: ${mode}, server choice ${choice}, high-water mark ${hwm} messages a peer, ${threads} a process`,
      ...clientSockets(scenario, zeromqOptions(scenario.bus)).map(
        ({ site, connections, files }) =>
          `zeromq: clients at ${site} open ${connections} connections, ${files} files${limit === null ? '' : ` of ${limit}`}`,
      ),
    ];
  },
  async available() {
    try {
      const script = 'await import("zeromq")';
      const options = { cwd: projectRoot, timeout: 30_000 };
      await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], options);
      return null;
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n').at(-1) : String(error);
      return { missing: `the zeromq package does not load: ${reason}`, mend: 'npm install' };
    }
  },
  deploy: (scenario, fabric) => Promise.resolve(direct(scenario, fabric)),
};

function direct(scenario: ResolvedScenario, fabric: Fabric): Bus {
  const { choice, hwm, ioThreads } = zeromqOptions(scenario.bus);
  const names = new NameService(fabric);
  return {
    type: 'zeromq',
    nodes: [],
    readyMs: 0,
    details: {},
    endpoint: ({ host }) =>
      Promise.resolve({
        driver: 'zeromq',
        endpoint: { address: host.address, choice, highWaterMark: hwm, ioThreads },
      }),
    async directory(processes, announcements, signal) {
      await names.clear();
      const servers = listening(processes, announcements);
      const samples = choice === 'closest' ? await fabric.measure(distanceProbes, signal) : null;
      return Promise.all(
        processes.map(async ({ host, clients }) => {
          const wanted = new Set(clients.map(({ topic }) => topic));
          const dialed = servers.filter(({ topic }) => wanted.has(topic));
          return { proxy: null, servers: await names.servers(host, dialed, samples) };
        }),
      );
    },
    counters: () => Promise.resolve(new Map()),
    reset: () => names.clear(),
    topicSite: () => null,
    [Symbol.asyncDispose]: () => names.clear(),
  };
}

/** Round trips a pair that decide which servers are closest. */
const distanceProbes = 20;
