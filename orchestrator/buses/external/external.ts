import { type ExternalOptions, urlWithPath } from '../../../topologies/buses/external.ts';
import { patterns } from '../../../topologies/patterns.ts';
import { BusError } from '../../errors.ts';
import type { Fabric } from '../../fabrics/fabric.ts';
import type { Host } from '../../hosts/host.ts';
import { ResourceStack } from '../../processes/resource-stack.ts';
import type { Bus, BusDeployer } from '../bus.ts';
import { addressMistakes } from './addresses.ts';
import { ExternalBus, type ExternalParts } from './bus.ts';
import { readSecrets } from './secrets.ts';

/** Brokers that somebody else runs: nothing is deployed, and nothing touched but names under the run's prefix. */
export const externalBus: BusDeployer<'external'> = {
  type: 'external',

  refuse(scenario) {
    const { queues, addresses } = scenario.bus.options;
    const { pattern, topics, pools } = scenario.workload;
    if (addresses !== null) return addressMistakes(addresses, scenario);
    if (queues !== 'stream') return [];
    if (patterns[pattern].copies !== 'pool') {
      const message = `a stream serves notify only; the pattern is ${pattern}`;
      return [{ path: 'bus.queues', message }];
    }
    if (scenario.servers.count <= topics * pools) return [];
    const message = `every consumer of a stream sees every message: expected at most ${topics * pools} servers, one a topic and pool; got ${scenario.servers.count}`;
    return [{ path: 'servers.count', message }];
  },

  describe(scenario) {
    const options = scenario.bus.options;
    const { endpoints, protocol, credentials } = options;
    const from = credentials?.kind === 'env' ? `$${credentials.name}` : credentials?.path;
    return [
      `brokers of somebody else's over AMQP ${protocol}, credentials from ${from ?? 'nowhere'}`,
      ...Object.entries(endpoints).map(
        ([site, list]) => `${site}: ${list.map(urlWithPath).join(', ')}`,
      ),
      ...addressing(options),
    ];
  },

  async available(spec) {
    try {
      await readSecrets(spec.options);
      return null;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return { missing: error.message, hint: error.hint };
    }
  },

  async deploy(scenario, fabric, run, signal) {
    const secrets = await readSecrets(scenario.bus.options);
    return openExternal({ scenario, run, host: firstHost(fabric), secrets }, signal);
  },
};

/** Looks at the brokers from a host and prepares a run on them. Rejects with a BusError. */
export async function openExternal(
  parts: Omit<ExternalParts, 'stack'>,
  signal: AbortSignal,
): Promise<Bus> {
  const startedAt = performance.now();
  const stack = new ResourceStack();
  try {
    const bus = new ExternalBus({ ...parts, stack });
    await bus.check(startedAt, signal);
    return bus;
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

/** From where the brokers are looked at and names are declared. */
export function firstHost(fabric: Fabric): Host {
  const [host] = fabric.hosts;
  if (!host) throw new Error('a fabric without hosts');
  return host;
}

/** Where messages go, and what of it stays. */
function addressing({ protocol, queues, addresses }: ExternalOptions): readonly string[] {
  const rabbitmq = `${queues} queues and exchanges named busbench.<run>.*, removed at the end`;
  if (protocol === '0-9-1') return [rabbitmq];
  if (addresses !== null) {
    const { receive, send, sendOne, reply } = addresses;
    const toOne = sendOne === null ? '' : `, to one server ${sendOne}`;
    return [
      `servers receive from ${receive.join(' and ')}`,
      `clients send to ${send}${toOne}; replies come to ${reply ?? 'dynamic nodes'}`,
      'nothing is declared or removed: that is left to the brokers and whoever runs them',
    ];
  }
  return [
    'addresses follow from what the brokers say they are:',
    `  RabbitMQ: ${rabbitmq}, over AMQP 0-9-1 at the same port`,
    '  ActiveMQ: queue:// and topic://busbench.<run>.*, which it makes as they are used and keeps, empty, until its own collection of inactive destinations',
    '  qpid-dispatch-router and skupper-router: openstack.org/om/rpc and notify; anycast, unicast, multicast',
    '  any other: refused without bus.addresses',
  ];
}
