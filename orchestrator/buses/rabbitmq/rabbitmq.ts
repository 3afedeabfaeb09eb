import type { BusOf } from '../../../topologies/buses/buses.ts';
import { patterns } from '../../../topologies/patterns.ts';
import { here, type Premises } from '../../hosts/premises.ts';
import { ResourceStack } from '../../processes/resource-stack.ts';
import type { BusDeployer } from '../bus.ts';
import { declarationOf, declaredText } from './addressing.ts';
import { RabbitmqBus } from './bus.ts';
import { rabbitmqConf } from './config.ts';
import { deployCluster } from './deploy.ts';
import {
  type Installation,
  installHint,
  missing,
  parseInstallation,
  searchCommand,
  searchEnvironment,
} from './installation.ts';
import { withUnshapedLinks } from './unshaped-links.ts';
import { otherVersion, replyWay, slowReplies, unserved } from './versions.ts';

/** Real rabbitmq-server nodes as private processes: own data, ports, cookie and epmd; no root, no container. */
export const rabbitmqBus: BusDeployer<'rabbitmq'> = {
  type: 'rabbitmq',

  refuse(scenario) {
    const { queues, protocol } = scenario.bus.options;
    const { pattern, topics, pools } = scenario.workload;
    if (queues !== 'stream') return [];
    if (protocol === '1.0') {
      const message = 'streams are read over protocol 0-9-1 only';
      return [{ path: 'bus.queues', message }];
    }
    if (patterns[pattern].copies !== 'pool') {
      const message = `a stream keeps what was consumed and serves notify only; the pattern is ${pattern}`;
      return [{ path: 'bus.queues', message }];
    }
    if (scenario.servers.count <= topics * pools) return [];
    const message = `every consumer of a stream sees every message: expected at most ${topics * pools} servers, one a topic and pool; got ${scenario.servers.count}`;
    return [{ path: 'servers.count', message }];
  },

  async describe(scenario) {
    const { options } = scenario.bus;
    const { version } = (await findAt(here)) ?? { version: '' };
    const example = {
      address: '<address>',
      ports: { amqp: 5672, management: 15672, prometheus: 15692 },
      firstNode: 'bus-1',
      thisNode: scenario.bus.nodes.length > 1 ? 'bus-2' : 'bus-1',
      username: 'busbench',
      password: '<generated>',
    };
    const count = scenario.bus.nodes.length;
    const way = replyWay(options, count, version);
    const declaration = declarationOf(options, scenario.guarantee, version);
    const declared = declaredText(declaration, options.queues, way);
    const slow = slowReplies(way, count, version);
    const nodes = scenario.bus.nodes.map((site, i) => `bus-${i + 1} at ${site}`).join(', ');
    return [
      `rabbitmq: ${nodes}; ports are chosen free at the start`,
      ...Object.entries(declared).map(([name, what]) => `${name}: ${what}`),
      `queues are led ${options.leader === null ? 'by all nodes, topics spread over them' : `at ${options.leader}`}`,
      ...(slow === null ? [] : [`slow: ${slow}`]),
      `rabbitmq.conf of ${example.thisNode} (port numbers are examples):`,
      ...rabbitmqConf(example, options, version)
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    ];
  },

  async available(spec, premises = here) {
    const found = await findAt(premises);
    return found === null ? { missing, hint: installHint } : unfit(found, spec);
  },

  async unfit(spec) {
    const found = await findAt(here);
    return found === null ? null : unfit(found, spec);
  },

  async found() {
    const installation = await findAt(here);
    return installation === null ? missing : `${installation.version} in ${installation.home}`;
  },

  async deploy(scenario, fabric, run, signal) {
    const startedAt = performance.now();
    const stack = new ResourceStack();
    const { options } = scenario.bus;
    try {
      const context = { scenario, options, fabric, run, stack, signal };
      return await withUnshapedLinks(fabric, scenario.links, async () => {
        const bus = new RabbitmqBus(context, await deployCluster(context));
        await bus.prepare(startedAt, signal);
        return bus;
      });
    } catch (error) {
      await stack[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  },
};

function unfit(
  found: Installation,
  spec: BusOf<'rabbitmq'>,
): { missing: string; hint: string } | null {
  const [why] = unserved(found.version, found.plugins, spec.options);
  return why === undefined
    ? null
    : { missing: `RabbitMQ ${found.version} ${why}`, hint: otherVersion };
}

async function findAt(premises: Premises): Promise<Installation | null> {
  return parseInstallation(await premises.run(searchCommand, searchEnvironment()));
}
