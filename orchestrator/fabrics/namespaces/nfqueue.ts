import { join } from 'node:path';
import type { Observation } from '../../../reports/warnings/observed.ts';
import type { Link, Topology } from '../../../topologies/topology.ts';
import { FabricError } from '../../errors.ts';
import { Attendant } from '../../hosts/attendant.ts';
import { CallError } from '../../hosts/calls.ts';
import type { Host } from '../../hosts/host.ts';
import type { RunContext } from '../fabric.ts';
import { linkSeed } from '../loopback/jitter.ts';
import { routerInterface } from './addresses.ts';
import type { EngineCalls, EngineHealth, EngineLink, EngineStatus } from './engine-protocol.ts';
import type { Impairment } from './impairment.ts';
import type { SiteNetwork } from './site-network.ts';

/** The same tables by two ways into the kernel; either may be what a machine's kernel was built for. */
export const firewalls: readonly string[] = ['iptables-nft', 'iptables-legacy', 'iptables'];

/** Garbage is collected on the engine's own real-time thread: helpers at normal priority would keep it waiting. */
const engineFlags = ['--single-threaded-gc', '--max-semi-space-size=1'];

const limits = [
  'The queue of a link with a rate holds 100 ms of it, then drops what comes; a link without a rate queues nothing.',
  'Links without loss and rate carry segments of one send as one packet of up to 64 kB (GSO), as the sites themselves do.',
];

/** Starts the engine on the router, then sends it all that crosses: until the first rule, and without it, nothing passes. */
export async function startNfqueue(
  network: SiteNetwork,
  topology: Topology,
  run: RunContext,
  firewall: string,
): Promise<Impairment> {
  const logFile = join(run.logs, 'engine.log');
  const links = engineLinks(topology.links, run.seed ?? 1);
  const engine = await startEngine(network.router, logFile);
  try {
    const status = await engine.ask('start', { links }).catch((error: unknown) => {
      throw refused(error, logFile);
    });
    await loadRules(network.router, rules(topology, links), firewall, logFile);
    return impairment(network, topology, engine, links, status, firewall);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts an engine in a namespace; it takes no queue yet. */
export function startEngine(router: Host, logFile: string): Promise<Engine> {
  return Attendant.start<EngineCalls>(router, {
    program: 'orchestrator/fabrics/namespaces/engine-main',
    nodeFlags: engineFlags,
    logFile,
    answerMs: 30_000,
    failed: ({ how, pid }) =>
      new FabricError(
        'NAMESPACES_ENGINE_ENDED',
        `the packet engine (pid ${pid}) does not answer: ${how}`,
        `See ${logFile}. Without it nothing passes between the sites.`,
      ),
  });
}

type Engine = Attendant<EngineCalls>;

function refused(error: unknown, logFile: string): unknown {
  if (!(error instanceof CallError)) return error;
  return new FabricError(
    'NAMESPACES_ENGINE_REFUSED',
    `the packet engine cannot start: ${error.message}`,
    `See ${logFile}, and \`busbench check\` for what this machine's kernel offers.`,
    { cause: error },
  );
}

/** Queue numbers count from 1 in the order of the links. */
function engineLinks(links: readonly Link[], seed: number): readonly EngineLink[] {
  return links.map((link, index) => ({
    queue: index + 1,
    link,
    seed: linkSeed(seed, index),
  }));
}

/** For iptables-restore: a chain for each source, so that a packet looks at few rules; what is no link's is dropped. */
export function rules(topology: Topology, links: readonly EngineLink[]): string {
  const names = topology.sites.map(({ name }) => name);
  const interfaceOf = (site: string): string => routerInterface(names.indexOf(site) + 1);
  const chains = names.map((name) => `:from-${interfaceOf(name)} - [0:0]`);
  const jumps = names.map((name) => {
    const source = interfaceOf(name);
    return `-A FORWARD -i ${source} -j from-${source}`;
  });
  const queues = links.map(({ queue, link }) => {
    const [source, destination] = [interfaceOf(link.from), interfaceOf(link.to)];
    return `-A from-${source} -o ${destination} -j NFQUEUE --queue-num ${queue}`;
  });
  return ['*mangle', ':FORWARD DROP [0:0]', ...chains, ...jumps, ...queues, 'COMMIT', ''].join(
    '\n',
  );
}

async function loadRules(
  router: Host,
  text: string,
  firewall: string,
  logFile: string,
): Promise<void> {
  const file = await router.put('rules', text);
  const command = ['sh', '-c', `exec ${firewall}-restore < "$0"`, file];
  // The usual place of the lock is not for an ordinary user to write to.
  const env = { XTABLES_LOCKFILE: join(router.directory, 'xtables.lock') };
  await router.run(command, { stdio: 'pipe', logFile, env, timeoutMs: 20_000 });
}

function impairment(
  network: SiteNetwork,
  topology: Topology,
  engine: Engine,
  links: readonly EngineLink[],
  status: EngineStatus,
  firewall: string,
): Impairment {
  const queueOf = new Map(links.map(({ queue, link }) => [`${link.from} ${link.to}`, queue]));
  const find = (from: string, to: string): number => {
    const queue = queueOf.get(`${from} ${to}`);
    if (queue === undefined) throw new RangeError(`no link from ${from} to ${to}`);
    return queue;
  };
  const shortestRttMs = Math.min(...topology.links.map(({ delayMs }) => 2 * delayMs));
  return {
    name: 'nfqueue',
    limits,
    environment: {
      firewall,
      engineRealTime: String(status.realTime),
      engineBufferBytes: String(status.receiveBufferBytes),
    },
    processes: [{ name: 'engine', process: engine.process, host: network.router }],
    async shape(from, to, shape) {
      await engine.ask('shape', { queue: find(from, to), shape });
    },
    async cut(from, to) {
      await engine.ask('cut', { queue: find(from, to), cut: true });
    },
    async heal(from, to) {
      await engine.ask('cut', { queue: find(from, to), cut: false });
    },
    async traffic() {
      const rows = new Map((await engine.ask('traffic', null)).map((row) => [row.queue, row]));
      return links.map(({ queue, link: { from, to } }) => {
        const { bytes = 0, packets = 0 } = rows.get(queue) ?? {};
        return { from, to, bytes, packets };
      });
    },
    troubles: async () => troublesOf(await engine.ask('health', null), shortestRttMs),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** Beyond this many times the limit the delays are no longer those that were asked for. */
const invalidFactor = 4;

function troublesOf(health: EngineHealth, shortestRttMs: number): readonly Observation[] {
  const limitUs = Math.max(1_000, 0.02 * shortestRttMs * 1e3);
  const troubles: Observation[] = [];
  if (health.p99Us > limitUs) {
    troubles.push({
      code: 'ENGINE_LATE',
      message: `the packet engine let 1 % of ${health.released} packets go more than ${health.p99Us.toFixed(0)} us late (at most ${health.maxUs.toFixed(0)} us)`,
      value: health.p99Us,
      limit: limitUs,
      invalidates: health.p99Us > invalidFactor * limitUs,
    });
  }
  if (health.missed + health.refused > 0) {
    troubles.push({
      code: 'ENGINE_DROPS',
      message: `${health.missed} packets were dropped because the packet engine was too slow to look at them (${health.refused} orders refused by the kernel)`,
      value: health.missed + health.refused,
      limit: 0,
      invalidates: true,
    });
  }
  if (health.overflowed > 0) {
    troubles.push({
      code: 'LINK_OVERFLOW',
      message: `${health.overflowed} packets found the queue of a link with a rate full and were dropped`,
      value: health.overflowed,
      limit: 0,
      invalidates: false,
    });
  }
  return troubles;
}
