import type { RabbitmqOptions } from '../../../topologies/buses/rabbitmq.ts';
import { pluginsOf } from './config.ts';
import { atLeast } from './installation.ts';

/**
 * From 3.12 on a direct reply first asks every node of the cluster for its name, so that a server answers at most one
 * call per round trip to the farthest node (rabbitmq/rabbitmq-server#14507; 4.2 does so no longer).
 */
function asksForEveryReply(version: string): boolean {
  return atLeast(version, 3, 12) && !atLeast(version, 4, 2);
}

/** How replies travel once the version is known: `auto` is direct, but where that waits for the whole cluster. */
export function replyWay(
  { reply, protocol }: Pick<RabbitmqOptions, 'reply' | 'protocol'>,
  nodes: number,
  version: string,
): 'direct' | 'queue' {
  if (protocol === '1.0') return 'queue';
  if (reply !== 'auto') return reply;
  return nodes > 1 && asksForEveryReply(version) ? 'queue' : 'direct';
}

/** Says that direct replies are slow here; null where they are not, or not used. */
export function slowReplies(
  way: 'direct' | 'queue',
  nodes: number,
  version: string,
): string | null {
  if (way === 'queue' || nodes < 2 || !asksForEveryReply(version)) return null;
  return `RabbitMQ ${version} asks all ${nodes} nodes before each direct reply: a server answers at most one call per round trip to the farthest; reply: queue does not wait`;
}

/** What this version cannot serve of the options; empty when it can. */
export function unserved(
  version: string,
  plugins: readonly string[],
  options: RabbitmqOptions,
): readonly string[] {
  const { queues, clusterPartitionHandling } = options;
  const unknown = pluginsOf(options, version).filter((plugin) => !plugins.includes(plugin));
  return [
    ...(queues === 'mirrored' && atLeast(version, 4, 0)
      ? ['has no mirrored queues (removed in 4.0): bus.queues mirrored']
      : []),
    ...(queues === 'stream' && !atLeast(version, 3, 9)
      ? ['has no streams (new in 3.9): bus.queues stream']
      : []),
    ...(queues === 'quorum' && !atLeast(version, 3, 8)
      ? ['has no quorum queues (new in 3.8): bus.queues quorum']
      : []),
    ...(clusterPartitionHandling !== 'ignore' && atLeast(version, 4, 2)
      ? [
          `keeps its metadata in Khepri, where nothing handles partitions: bus.clusterPartitionHandling ${clusterPartitionHandling}`,
        ]
      : []),
    ...(unknown.length > 0 ? [`comes without a plugin: bus.plugins ${unknown.join(', ')}`] : []),
  ];
}

export const otherVersion = 'Choose another value, or point BUSBENCH_RABBITMQ at another version.';
