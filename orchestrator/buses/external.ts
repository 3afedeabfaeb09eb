import { join } from 'node:path';
import { BusError } from '../errors.ts';
import { RequestLine } from '../fabrics/request-line.ts';
import { programPath } from '../program.ts';
import { ResourceStack } from '../resource-stack.ts';
import type { BusDeployer } from './bus.ts';
import { type AdminCalls, ExternalBus } from './external/bus.ts';
import { externalNotation, externalOptions, parseExternal } from './external/options.ts';
import { readSecrets } from './external/secrets.ts';

/** Brokers that somebody else runs: nothing is deployed, and nothing touched but names under the run's prefix. */
export const externalBus: BusDeployer = {
  type: 'external',
  inProcess: false,

  parse(raw, sites) {
    const parsed = parseExternal(raw, sites);
    if ('mistakes' in parsed) return parsed;
    const options = externalNotation(parsed.options);
    return { spec: { type: 'external', nodes: [], options } };
  },

  refuse(scenario) {
    const { queues, protocol } = externalOptions(scenario);
    const { pattern, topics, pools } = scenario.workload;
    if (protocol === '1.0') {
      if (pattern !== 'notify' || pools === 1) return [];
      const message = `AMQP 1.0 has no listener pools: expected 1, got ${pools}`;
      return [{ path: 'workload.pools', message }];
    }
    if (queues !== 'stream') return [];
    if (pattern !== 'notify') {
      const message = `a stream serves notify only; the pattern is ${pattern}`;
      return [{ path: 'bus.queues', message }];
    }
    if (scenario.servers.count <= topics * pools) return [];
    const message = `every consumer of a stream sees every message: expected at most ${topics * pools} servers, one a topic and pool; got ${scenario.servers.count}`;
    return [{ path: 'servers.count', message }];
  },

  describe(scenario) {
    const { brokers, protocol, credentials, queues } = externalOptions(scenario);
    const from = credentials?.kind === 'env' ? `$${credentials.name}` : credentials?.path;
    return [
      `brokers of somebody else's over AMQP ${protocol}, credentials from ${from ?? 'nowhere'}`,
      ...Object.entries(brokers).map(([site, list]) => {
        const urls = list.map((b) => `${b.secure ? 'amqps' : 'amqp'}://${b.host}:${b.port}`);
        return `${site}: ${urls.join(', ')}`;
      }),
      ...(protocol === '0-9-1'
        ? [`${queues} queues and exchanges named busbench.<run>.*, removed at the end`]
        : []),
    ];
  },

  async available(spec) {
    try {
      await readSecrets(externalOptions({ bus: spec }));
      return null;
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return { missing: error.message, mend: error.hint };
    }
  },

  async deploy(scenario, fabric, run, signal) {
    const startedAt = performance.now();
    const stack = new ResourceStack();
    const [host] = fabric.hosts;
    if (!host) throw new Error('a fabric without hosts');
    try {
      const secrets = await readSecrets(externalOptions(scenario));
      const logFile = join(run.logs, 'external.log');
      const command = [process.execPath, programPath('agents/drivers/amqplib-admin-main')];
      const admin = await host.spawn(command, { logFile, stdio: 'pipe' });
      stack.defer(async () => {
        await admin.end(1_000);
      });
      const line = new RequestLine<AdminCalls>(
        admin,
        (how) =>
          new BusError(
            'EXTERNAL_ADMIN_ENDED',
            `the administration program ended: ${how}`,
            `See ${logFile}.`,
          ),
      );
      const bus = new ExternalBus({ scenario, run, host, secrets, line, stack });
      await bus.check(startedAt, signal);
      return bus;
    } catch (error) {
      await stack[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  },
};
