import type { RabbitmqOptions } from '../../../topologies/buses/rabbitmq.ts';
import { atLeast } from './installation.ts';

/** What one node needs to know of itself and the others. */
export interface NodeConfig {
  readonly address: string;
  readonly ports: {
    readonly amqp: number;
    readonly management: number;
    readonly prometheus: number;
  };
  /** Erlang names: the first node, which others join, and this one. */
  readonly firstNode: string;
  readonly thisNode: string;
  readonly username: string;
  readonly password: string;
}

/** rabbitmq.conf of one node. A later line replaces an earlier one of the same key, so `config` has the last word. */
export function rabbitmqConf(node: NodeConfig, options: RabbitmqOptions, version: string): string {
  const lines = [
    `listeners.tcp.1 = ${node.address}:${node.ports.amqp}`,
    `management.tcp.ip = ${node.address}`,
    `management.tcp.port = ${node.ports.management}`,
    `prometheus.tcp.ip = ${node.address}`,
    `prometheus.tcp.port = ${node.ports.prometheus}`,
    'loopback_users = none',
    `default_user = ${node.username}`,
    `default_pass = ${node.password}`,
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
    `heartbeat = ${Math.ceil(options.heartbeatMs / 1000)}`,
    `cluster_partition_handling = ${options.clusterPartitionHandling}`,
    // The default of 3.x, which 4.0 cuts to an eighth.
    'max_message_size = 134217728',
    // Queue statistics say whether a run has left anything behind; a later 4.x may no longer keep them unasked.
    ...(atLeast(version, 4, 0)
      ? ['deprecated_features.permit.management_metrics_collection = true']
      : []),
    ...(node.thisNode === node.firstNode ? [] : joinLines(node)),
    ...options.config,
  ];
  return `${lines.join('\n')}\n`;
}

/** A blank node joins the first one, asking until that one is up; it lists itself because discovery insists on it. */
function joinLines(node: NodeConfig): readonly string[] {
  return [
    'cluster_formation.peer_discovery_backend = classic_config',
    `cluster_formation.classic_config.nodes.1 = ${node.firstNode}`,
    `cluster_formation.classic_config.nodes.2 = ${node.thisNode}`,
    'cluster_formation.discovery_retry_limit = 200',
    'cluster_formation.discovery_retry_interval = 250',
  ];
}

/** AMQP 1.0 is a plugin up to 3.13, and part of the broker from 4.0 on. */
export function pluginsOf(options: RabbitmqOptions, version: string): readonly string[] {
  const asPlugin = options.protocol === '1.0' && !atLeast(version, 4, 0);
  const own = ['rabbitmq_management', 'rabbitmq_prometheus'];
  return [...own, ...(asPlugin ? ['rabbitmq_amqp1_0'] : []), ...options.plugins];
}

/** The enabled_plugins file: an Erlang list. */
export function enabledPlugins(names: readonly string[]): string {
  return `[${[...new Set(names)].join(',')}].\n`;
}

/** A resolver file that knows exactly these hosts (ERL_INETRC): Erlang asks nobody else. */
export function inetrc(hosts: ReadonlyMap<string, string>): string {
  const entries = [...hosts].map(
    ([name, address]) => `{host,{${address.split('.').join(',')}},["${name}"]}.`,
  );
  return [...entries, '{lookup,[file]}.', ''].join('\n');
}
