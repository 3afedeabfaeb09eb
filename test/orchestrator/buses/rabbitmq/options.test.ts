import { describe, expect, test } from 'vitest';
import { declarationOf } from '../../../../orchestrator/buses/rabbitmq/addressing.ts';
import { inetrc, rabbitmqConf } from '../../../../orchestrator/buses/rabbitmq/config.ts';
import { readMetrics, whyUnknown } from '../../../../orchestrator/buses/rabbitmq/counters.ts';
import {
  atLeast,
  parseInstallation,
} from '../../../../orchestrator/buses/rabbitmq/installation.ts';
import { rabbitmqBus } from '../../../../orchestrator/buses/rabbitmq/rabbitmq.ts';
import {
  replyWay,
  slowReplies,
  unserved,
} from '../../../../orchestrator/buses/rabbitmq/versions.ts';
import { parseScenario } from '../../../../orchestrator/read/scenario.ts';
import { busMistakes, busWith, ofType } from '../../../helpers/buses.ts';
import { singleNode } from '../../../helpers/rabbitmq.ts';

const sites = ['paris', 'lyon'];

function mistakesOf(bus: object): readonly { path: string; message: string }[] {
  return busMistakes('rabbitmq', bus, sites);
}

describe('options', () => {
  test('defaults: a node a site, classic queues, replies as suits the version', () => {
    expect(busWith('rabbitmq', {}, sites)).toMatchObject({
      type: 'rabbitmq',
      nodes: ['paris', 'lyon'],
      options: {
        queues: 'classic',
        leader: null,
        persistence: null,
        prefetch: 100,
        reply: 'auto',
        heartbeatMs: 10_000,
        protocol: '0-9-1',
        clusterPartitionHandling: 'ignore',
        config: [],
        policies: {},
        plugins: [],
      },
    });
  });

  test('every mistake is found at once, each at its path', () => {
    const found = mistakesOf({ queues: 'clasic', prefetch: -1, heartbeat: 10, perfetch: 1 });
    expect(found.map(({ path }) => path).sort()).toEqual([
      'heartbeat',
      'perfetch',
      'prefetch',
      'queues',
    ]);
    expect(found.find(({ path }) => path === 'queues')?.message).toContain('classic');
    expect(found.find(({ path }) => path === 'perfetch')?.message).toContain('prefetch');
    expect(found.find(({ path }) => path === 'heartbeat')?.message).toContain('ms, s');
  });

  test('a leader needs a node at its site', () => {
    expect(mistakesOf({ nodes: ['paris'], leader: 'lyon' })).toEqual([
      { path: 'leader', message: 'no bus node at lyon; expected one of paris' },
    ]);
  });

  test('a protocol may be written as the number YAML takes it for', () => {
    expect(busWith('rabbitmq', { protocol: 1.0 }, sites).options.protocol).toBe('1.0');
  });

  test('over AMQP 1.0 credit has a bound, and a heartbeat is a second or more', () => {
    const found = mistakesOf({ protocol: '1.0', prefetch: 0, heartbeat: '0s' });
    expect(found.map(({ path }) => path)).toEqual(['prefetch', 'heartbeat']);
    expect(mistakesOf({ prefetch: 0, heartbeat: '0s' })).toEqual([]);
  });

  test('streams serve notifications, and one server a topic and pool', async () => {
    await expect(parseScenario(singleNode('queues: stream'), 'x.yaml', [])).rejects.toThrow(
      /bus.queues: a stream .* the pattern is call/,
    );
    const notify = ['workload.pattern=notify', 'servers.count=3'];
    await expect(parseScenario(singleNode('queues: stream'), 'x.yaml', notify)).rejects.toThrow(
      /servers.count: .* at most 1 servers/,
    );
  });

  test('the plan shows the configuration, and no password', async () => {
    const { scenario } = await parseScenario(singleNode('heartbeat: 7s'), 'x.yaml', []);
    const lines = (await rabbitmqBus.describe(ofType('rabbitmq', scenario))).join('\n');
    expect(lines).toContain('heartbeat = 7');
    expect(lines).toContain('default_pass = <generated>');
  });
});

describe('versions', () => {
  const optionsWith = (bus: object) => busWith('rabbitmq', bus, sites).options;

  test('replies take a queue only where direct ones ask the whole cluster', () => {
    const auto = optionsWith({});
    const ways = ['3.11.28', '3.12.0', '4.0.5', '4.1.9', '4.2.0'].map((v) => replyWay(auto, 3, v));
    expect(ways).toEqual(['direct', 'queue', 'queue', 'queue', 'direct']);
    expect(replyWay(auto, 1, '4.0.5')).toBe('direct');
    expect(replyWay(optionsWith({ reply: 'direct' }), 3, '4.0.5')).toBe('direct');
    expect(slowReplies('direct', 3, '4.0.5')).toContain('asks all 3 nodes');
    expect(slowReplies('direct', 3, '3.10.8')).toBeNull();
    expect(slowReplies('queue', 3, '4.0.5')).toBeNull();
  });

  test('what a version lacks is refused', () => {
    const own = ['rabbitmq_management', 'rabbitmq_prometheus'];
    const lacks = (version: string, bus: object): string[] =>
      unserved(version, own, optionsWith(bus)).map((why) => why.split(':')[1] ?? '');
    expect(lacks('4.0.5', { queues: 'mirrored' })).toEqual([' bus.queues mirrored']);
    expect(lacks('3.13.7', { queues: 'mirrored' })).toEqual([]);
    const autoheal = { clusterPartitionHandling: 'autoheal' };
    expect(lacks('4.1.0', autoheal)).toEqual([]);
    expect(lacks('4.2.0', autoheal)).toEqual([' bus.clusterPartitionHandling autoheal']);
    expect(lacks('3.10.8', { plugins: ['x'] })).toEqual([' bus.plugins x']);
  });

  test('is declared alike on all of them, and a quorum queue gives nothing up', () => {
    const of = (version: string, queues: string) =>
      declarationOf({ queues, persistence: null }, 'at-most-once', version);
    expect(of('3.10.8', 'classic')).toEqual(of('4.0.5', 'classic'));
    expect(of('3.10.8', 'classic')).toMatchObject({ durable: true, persistent: false });
    expect(of('4.0.5', 'quorum').arguments).toMatchObject({ 'x-delivery-limit': -1 });
    expect(of('3.10.8', 'quorum').arguments).toEqual({ 'x-queue-type': 'quorum' });
  });
});

describe('files', () => {
  const node = {
    address: '127.0.1.1',
    ports: { amqp: 1, management: 2, prometheus: 3 },
    firstNode: 'bus-1@paris',
    username: 'u',
    password: 'p',
  };
  const { options } = busWith('rabbitmq', { config: ['heartbeat = 99'] }, sites);

  test('only later nodes look for the first, and the user has the last word', () => {
    const first = rabbitmqConf({ ...node, thisNode: 'bus-1@paris' }, options, '3.10.8');
    const second = rabbitmqConf({ ...node, thisNode: 'bus-2@lyon' }, options, '4.0.5');
    expect(first).not.toContain('cluster_formation');
    expect(second).toContain('classic_config.nodes.1 = bus-1@paris\n');
    expect(second.trimEnd().endsWith('heartbeat = 99')).toBe(true);
  });

  test('a resolver file knows exactly the hosts given', () => {
    const hosts = new Map([
      ['paris', '127.0.1.1'],
      ['lyon', '127.1.1.2'],
    ]);
    expect(inetrc(hosts)).toBe(
      '{host,{127,0,1,1},["paris"]}.\n{host,{127,1,1,2},["lyon"]}.\n{lookup,[file]}.\n',
    );
  });

  test('an installation is its folder, its version and its plugins', () => {
    const found = parseInstallation('/opt/rabbitmq\nREADME\nrabbit-3.10.8\nra-2.2.0\nx-1.0.ez\n');
    expect(found).toEqual({
      home: '/opt/rabbitmq',
      version: '3.10.8',
      plugins: ['rabbit', 'ra', 'x'],
    });
    expect(parseInstallation('')).toBeNull();
    expect([atLeast('3.10.8', 3, 9), atLeast('3.8.1', 3, 9), atLeast('4.0.0', 3, 13)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('metrics add up over labels, and distribution bytes are told by node', () => {
    const page = [
      '# HELP x',
      'rabbitmq_global_messages_delivered_total{protocol="a",queue_type="q"} 3',
      'rabbitmq_global_messages_delivered_total{protocol="b",queue_type="q"} 4',
      'rabbitmq_connections 2',
      'erlang_vm_dist_send_bytes{peer="bus-2@lyon"} 77',
      'erlang_vm_dist_send_bytes{peer="stranger@x"} 5',
      'rabbitmq_disk undefined',
    ].join('\n');
    const counters = readMetrics(page, new Map([['bus-2@lyon', 'bus-2']]));
    expect(counters).toMatchObject({ delivered: 7, connections: 2, 'sentToBytes.bus-2': 77 });
    expect(Object.keys(counters)).not.toContain('sentToBytes.x');
    // What a version does not tell is null, with the reason; a node that does not answer tells nothing.
    expect(counters['sockets']).toBeNull();
    expect(whyUnknown([counters], '4.0.5')['sockets']).toBe(
      'RabbitMQ 4.0.5 has no metric rabbitmq_process_open_tcp_sockets',
    );
    expect(whyUnknown([counters], '4.0.5')['delivered']).toBeUndefined();
    expect(readMetrics('', new Map())).toEqual({});
  });
});
