import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BusType, bus, busNotation } from '../../topologies/buses/buses.ts';
import { busWith } from '../helpers/buses.ts';

const sites = ['paris', 'lyon', 'nice'];

/** A few settings of each type. */
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
    it.each(settings.map((options) => [JSON.stringify(options), options]))(
      `are read back from their own notation: ${type} %s`,
      (_, options) => {
        const placed = busWith(type, options, sites);
        const notation = busNotation(placed);
        expect(busWith(type, notation, sites)).toEqual(placed);
        expect(bus.parse(JSON.parse(JSON.stringify(notation)))).toEqual(placed);
      },
    );
  }

  it('are completed by editors, each type its own, and every one says what it is', () => {
    const schema = z.toJSONSchema(bus, { io: 'input', unrepresentable: 'any' });
    const types = schema.oneOf?.map((one) => {
      const properties = Object.entries(one.properties ?? {});
      const silent = properties.filter(
        ([key, value]) => key !== 'type' && !JSON.stringify(value).includes('"description"'),
      );
      return { keys: properties.map(([key]) => key), silent: silent.map(([key]) => key) };
    });
    expect(types?.flatMap(({ silent }) => silent)).toEqual([]);
    const keys = types?.find((one) => one.keys.includes('queues'))?.keys;
    expect(keys).toEqual(expect.arrayContaining(['type', 'nodes', 'queues', 'leader', 'policies']));
  });
});
