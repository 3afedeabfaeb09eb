import { describe, expect, test } from 'vitest';
import {
  activemqAddresses,
  dialectOf,
  unfit,
} from '../../../../orchestrator/buses/external/dialect.ts';
import { externalBus } from '../../../../orchestrator/buses/external/external.ts';
import { parseScenario } from '../../../../orchestrator/read/scenario.ts';
import type { ExternalOptions } from '../../../../topologies/buses/external.ts';
import type { ScenarioWith } from '../../../../topologies/scenario.ts';
import { busMistakes, busWith, ofType } from '../../../helpers/buses.ts';

const amqp1 = { protocol: '1.0', url: 'amqp://a' };

function optionsOf(bus: object): ExternalOptions {
  return busWith('external', { ...amqp1, ...bus }, ['paris']).options;
}

function mistakesOf(bus: object): readonly string[] {
  const found = busMistakes('external', { ...amqp1, ...bus }, ['paris']);
  return found.map(({ path, message }) => `${path}: ${message}`);
}

async function scenarioOf(bus: string, workload: string): Promise<ScenarioWith<'external'>> {
  const yaml = `
schema: busbench/scenario/1
name: test
sites: [paris]
bus: { type: external, protocol: "1.0", url: "amqp://a"${bus} }
servers: { count: 4 }
clients: { count: 4 }
workload: { ${workload}, pace: { rate: 100/s }, timeout: 1s }
phases: { warmup: 0s, measure: 1s, drain: 1s }
`;
  return ofType('external', (await parseScenario(yaml, 'test.yaml', [])).scenario);
}

describe('options of AMQP 1.0', () => {
  test('what the protocol has no words for is refused', () => {
    expect(mistakesOf({ queues: 'stream', reply: 'queue', prefetch: 0, heartbeat: '0s' })).toEqual([
      'queues: streams are read over protocol 0-9-1 only',
      'reply: over AMQP 1.0 replies come where addresses.reply says',
      'prefetch: AMQP 1.0 has no unlimited credit: expected 1 or more',
      'heartbeat: expected 1s or more over AMQP 1.0',
    ]);
    expect(mistakesOf({ tls: { ca: 'ca.pem' } })).toEqual([
      'tls: expected amqps URLs: nothing of this is used over plain TCP',
    ]);
  });

  test('addresses have places for what is known then', () => {
    expect(mistakesOf({ addresses: { receive: ['q.{topc}'], send: 'q.{server}' } })).toEqual([
      'addresses.receive[0]: unknown {topc}; expected {run}, {topic}, {server}, {pool}',
      'addresses.send: unknown {server}; expected {run}, {topic}',
    ]);
    expect(mistakesOf({ protocol: '0-9-1', addresses: { receive: 'q', send: 'q' } })).toEqual([
      'addresses: addresses are for protocol 1.0',
    ]);
    expect(mistakesOf({ queues: 'quorum', addresses: { receive: 'q', send: 'q' } })).toEqual([
      'queues: who gives addresses has made the queues: expected no queues here',
    ]);
    expect(optionsOf({ addresses: { receive: 'q', send: 'q' } }).addresses).toEqual({
      receive: ['q'],
      send: 'q',
      sendOne: null,
      reply: null,
    });
  });

  test('addresses must tell apart what the workload does', async () => {
    const bus = ', addresses: { receive: q, send: q, reply: r }';
    const mistaken = scenarioOf(bus, 'pattern: call, target: one, topics: 2');
    await expect(mistaken).rejects.toMatchObject({
      mistakes: [
        ['sendOne', '{server}'],
        ['receive', '{topic}'],
        ['send', '{topic}'],
        ['reply', '{client}'],
      ].map(([field, name]) => ({
        path: `bus.addresses.${field}`,
        message: expect.stringContaining(`expected an address with ${name}: `),
      })),
    });
    await expect(scenarioOf(bus, 'pattern: notify, pools: 2')).rejects.toMatchObject({
      message: expect.stringContaining('{pool}: there are 2 pools'),
    });
  });

  test('the plan says where messages go', async () => {
    const given = ', addresses: { receive: "q.{topic}", send: "q.{topic}" }';
    const own = (await externalBus.describe(await scenarioOf(given, 'pattern: cast'))).join('\n');
    expect(own).toContain('servers receive from q.{topic}');
    expect(own).toContain('nothing is declared or removed');
    const found = (await externalBus.describe(await scenarioOf('', 'pattern: cast'))).join('\n');
    expect(found).toContain('ActiveMQ: queue:// and topic://busbench.<run>.*');
  });
});

describe('what follows from the product of a peer', () => {
  const peer = (product: string): Parameters<typeof unfit>[0] => ({
    product,
    version: '1.0',
    capabilities: [],
  });
  const given = { addresses: { receive: 'q', send: 'q' } };

  test('its addresses, unless the scenario has some', () => {
    const products = ['RabbitMQ', 'ActiveMQ', 'qpid-dispatch-router', 'apache-activemq-artemis'];
    const found = products.map((product) => dialectOf(peer(product), optionsOf({})));
    expect(found).toEqual(['rabbitmq', 'activemq', 'oslo', 'unknown']);
    expect(dialectOf(peer('RabbitMQ'), optionsOf(given))).toBe('given');
    expect(activemqAddresses('notify')).toEqual({
      receive: ['queue://Consumer.pool-{pool}.VirtualTopic.busbench.{run}.topic-{topic}'],
      send: 'topic://VirtualTopic.busbench.{run}.topic-{topic}',
      sendOne: null,
      reply: null,
    });
  });

  test.each([
    ['ActiveMQ', { queues: 'quorum' }, 'pattern: call', 'it has no quorum queues'],
    ['ActiveMQ', { url: 'amqp://a/v' }, 'pattern: call', 'it has no virtual hosts; got v'],
    ['RabbitMQ', { url: 'amqp://a/v' }, 'pattern: notify, pools: 2', null],
    ['ActiveMQ', {}, 'pattern: notify, pools: 2', null],
    ['skupper-router', {}, 'pattern: notify, pools: 2', 'it has no listener pools; got 2'],
    ['skupper-router', {}, 'pattern: fanout', null],
    ['apache-activemq-artemis', {}, 'pattern: call', 'busbench does not know its addresses'],
    ['apache-activemq-artemis', given, 'pattern: fanout', null],
  ])('%s %j, %s: %s', async (product, bus, workload, lack) => {
    const options = optionsOf(bus);
    const scenario = await scenarioOf('', workload);
    const found = unfit(
      peer(product),
      dialectOf(peer(product), options),
      options,
      scenario.workload,
    );
    expect(found?.why ?? null).toBe(lack);
  });
});
