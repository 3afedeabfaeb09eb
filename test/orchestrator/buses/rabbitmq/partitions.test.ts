import { describe, expect, test } from 'vitest';
import { readPartitions } from '../../../../orchestrator/buses/rabbitmq/partitions.ts';
import { warned } from '../../../reports/reconcile/synthetic.ts';

// Lines of RabbitMQ 3.10.8, three nodes, one of them cut off for 15 s.
const healthy = `2026-11-21 06:34:44.101245+00:00 [info] <0.564.0> rabbit on node 'bus-2@lyon' up
2026-11-21 06:34:44.101300+00:00 [info] <0.9.0> Time to start RabbitMQ: 5151 ms`;
const minority = `${healthy}
2026-11-21 06:34:58.628081+00:00 [warning] <0.564.0> Cluster minority/secondary status detected - awaiting recovery
2026-11-21 06:34:58.667842+00:00 [warning] <0.564.0> Cluster minority/secondary status detected - awaiting recovery
2026-11-21 06:35:08.465638+00:00 [error] <0.315.0> Mnesia('bus-1@paris'): ** ERROR ** mnesia_event got {inconsistent_database, running_partitioned_network, 'bus-2@lyon'}
2026-11-21 06:35:09.497133+00:00 [error] <0.1659.0> Mnesia('bus-1@paris'): ** ERROR ** mnesia_event got {inconsistent_database, starting_partitioned_network, 'bus-2@lyon'}`;
const autoheal = `2026-11-21 06:33:15.026259+00:00 [info] <0.574.0> Autoheal request received from 'bus-2@lyon' when healing; ignoring
2026-11-21 06:33:15.025811+00:00 [info] <0.574.0>   * Partitions: [['bus-2@lyon','bus-1@paris'],['bus-3@nice']]
2026-11-21 06:33:15.047099+00:00 [warning] <0.507.0> Autoheal: we were selected to restart; winner is 'bus-2@lyon'
2026-11-21 06:33:20.254451+00:00 [info] <0.486.0> Autoheal: final node has stopped, starting...`;

test('a log tells of partitions, pauses and restarts, and nothing of healthy times', () => {
  expect(readPartitions(healthy)).toEqual({
    partitionsSeen: 0,
    minorityPauses: 0,
    autohealRestarts: 0,
  });
  expect(readPartitions(minority)).toEqual({
    partitionsSeen: 2,
    minorityPauses: 1,
    autohealRestarts: 0,
  });
  expect(readPartitions(autoheal)).toMatchObject({ autohealRestarts: 1 });
  const again = minority.replaceAll('06:34:58', '06:36:08').split('\n').slice(2).join('\n');
  expect(readPartitions(`${minority}\n${again}`)).toMatchObject({ minorityPauses: 2 });
});

test('with Khepri a partition is a node that fell silent, and a death is none', () => {
  const line = (why: string): string =>
    `2026-11-26 06:35:09.497133+00:00 [info] <0.273.0> node 'bus-2@lyon' down: ${why}`;
  expect(readPartitions(line('net_tick_timeout'))).toMatchObject({ partitionsSeen: 1 });
  expect(readPartitions(line('connection_closed'))).toMatchObject({ partitionsSeen: 0 });
});

describe('the warning', () => {
  const node = (name: string, counters: Readonly<Record<string, number>>) => {
    return { name, site: 'paris', version: '', counters: { ...counters } };
  };
  const messageOf = (...nodes: ReturnType<typeof node>[]) =>
    warned('BUS_PARTITIONED', { bus: { type: 'rabbitmq', readyMs: 0, nodes, details: {} } }).map(
      (w) => w.message,
    );

  test('says who saw it, and what healed it', () => {
    const saw = { partitionsSeen: 1, minorityPauses: 0, autohealRestarts: 0, partitionedFrom: 0 };
    expect(messageOf(node('bus-1', { ...saw, partitionsSeen: 0 }))).toEqual([]);
    expect(messageOf(node('bus-1', { ...saw, minorityPauses: 1 }), node('bus-2', saw))).toEqual([
      'the cluster fell apart, say bus-1, bus-2; bus-1 paused in the minority; it is whole again',
    ]);
    expect(messageOf(node('bus-1', { ...saw, autohealRestarts: 2 }))).toEqual([
      'the cluster fell apart, say bus-1; autoheal restarted bus-1; it is whole again',
    ]);
    expect(messageOf(node('bus-1', { ...saw, partitionedFrom: 1 }))).toEqual([
      'the cluster fell apart, say bus-1; bus-1 still is apart from others',
    ]);
  });
});
