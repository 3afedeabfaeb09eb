import { describe, expect, it } from 'vitest';
import { busDeployers } from '../../../orchestrator/buses/registry.ts';
import type { BusType } from '../../../topologies/scenario.ts';

const sites = ['paris', 'lyon', 'nice'];

/** A few settings of each type that keeps its options in scenario notation. */
const written: readonly (readonly [type: BusType, settings: readonly object[]])[] = [
  ['memory', [{}, { loss: '1%', delay: '5ms' }]],
  ['zeromq', [{}, { mode: 'proxy', choice: 'closest' }, { mode: 'proxy', nodes: ['lyon'] }]],
  [
    'rabbitmq',
    [
      {},
      { queues: 'quorum', leader: 'lyon', persistence: false, heartbeat: '9s', protocol: '1.0' },
      {
        config: ['net_ticktime = 5'],
        policies: { ha: { definition: { 'ha-mode': 'all' } } },
        clusterPartitionHandling: 'autoheal',
      },
    ],
  ],
  [
    'external',
    [
      { url: 'amqp://broker:5673' },
      {
        endpoints: {
          paris: 'amqps://a/v%2F1',
          lyon: ['amqps://b:1/v%2F1', 'amqps://[::1]/v%2F1'],
          nice: 'amqps://c/v%2F1',
        },
        credentials: { env: 'BROKER' },
        tls: { ca: 'ca.pem' },
        persistence: true,
        heartbeat: '0s',
      },
      {
        url: 'amqp://broker',
        protocol: '1.0',
        addresses: { receive: 'q.{topic}', send: 'q.{topic}', reply: 'r.{client}' },
      },
    ],
  ],
  [
    'router',
    [
      {},
      { graph: 'ring', distribution: 'closest', program: 'qdrouterd', cost: 'delay' },
      { graph: 'hub-and-spoke', hubs: 2 },
      {
        edges: [
          { from: 'bus-1', to: 'bus-2', cost: 7 },
          { from: 'bus-2', to: 'bus-3' },
        ],
      },
    ],
  ],
];

describe('options of a bus', () => {
  for (const [type, settings] of written) {
    const load = busDeployers[type];
    it
      .skipIf(load === undefined)
      .each(settings.map((options) => [JSON.stringify(options), options]))(
      `stay in scenario notation: ${type} %s`,
      async (_, options) => {
        const deployer = await load?.();
        const first = deployer?.parse({ type, ...options }, sites);
        if (first === undefined || !('spec' in first)) throw new Error(JSON.stringify(first));
        const { spec } = first;
        const nodes = spec.nodes.length > 0 ? { nodes: spec.nodes } : {};
        expect(deployer?.parse({ type, ...nodes, ...spec.options }, sites)).toEqual(first);
      },
    );
  }
});
