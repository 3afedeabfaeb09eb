import { join } from 'node:path';
import type { Host } from '../../hosts/host.ts';
import { enabledPlugins, inetrc, pluginsOf, rabbitmqConf } from './config.ts';
import type { Credentials, DeployContext, Place } from './context.ts';
import type { Gateway } from './gateway-client.ts';
import { Management } from './management.ts';
import type { NodeSpec } from './node.ts';

/** Port numbers of one node. */
export interface NodePorts {
  readonly amqp: number;
  readonly management: number;
  readonly prometheus: number;
  readonly distribution: number;
}

/** Where a node goes. */
export interface NodePlan {
  readonly place: Place;
  readonly gateway: Gateway;
  /** Of RabbitMQ on that host: the folder with `sbin`. */
  readonly home: string;
  readonly ports: NodePorts;
}

/** What all nodes of a cluster have in common. */
export interface ClusterPlan {
  readonly nodes: readonly NodePlan[];
  readonly epmdPort: number;
  /** Of RabbitMQ, on all hosts. */
  readonly version: string;
  readonly credentials: Credentials;
  readonly context: DeployContext;
}

/** Writes a node's files below its host's directory and says how to start it. */
export async function prepareNode(node: NodePlan, cluster: ClusterPlan): Promise<NodeSpec> {
  const { credentials, context } = cluster;
  const { place, ports, gateway } = node;
  const { name, site, host } = place;
  const erlangName = erlangNameOf(place);
  const files = await writeFiles(node, cluster);
  const auth = `${credentials.username}:${credentials.password}`;
  return {
    name,
    site,
    host,
    erlangName,
    amqpPort: ports.amqp,
    distributionPort: ports.distribution,
    prometheusPort: ports.prometheus,
    management: new Management(gateway, name, host.address, ports.management, auth),
    logFile: join(context.run.logs, `${name}.log`),
    // The soft limit of open files is often 1024, which RabbitMQ turns into 832 connections.
    command: [
      'sh',
      '-c',
      'ulimit -n "$(ulimit -Hn)"; exec "$0"',
      join(node.home, 'sbin', 'rabbitmq-server'),
    ],
    env: environment(node, cluster, files),
  };
}

interface NodeFiles {
  readonly config: string;
  readonly plugins: string;
  readonly resolver: string;
}

async function writeFiles(node: NodePlan, cluster: ClusterPlan): Promise<NodeFiles> {
  const { credentials, context } = cluster;
  const { place, ports } = node;
  const { name, host } = place;
  const config = rabbitmqConf(
    {
      address: host.address,
      ports,
      firstNode: cluster.nodes[0] ? erlangNameOf(cluster.nodes[0].place) : '',
      thisNode: erlangNameOf(place),
      ...credentials,
    },
    context.options,
    cluster.version,
  );
  const plugins = pluginsOf(context.options, cluster.version);
  const [configFile, pluginsFile, resolverFile] = await Promise.all([
    host.put(`${name}/rabbitmq.conf`, config),
    host.put(`${name}/enabled_plugins`, enabledPlugins(plugins)),
    host.put(`${name}/inetrc`, inetrc(await hostsSeenBy(host, cluster))),
    host.put(`${name}/home/.erlang.cookie`, cookieOf(credentials.password)),
  ]);
  return { config: configFile, plugins: pluginsFile, resolver: resolverFile };
}

/** Erlang host names and what they mean at `host`: its own address, and for the others the routes across the fabric. */
async function hostsSeenBy(
  host: Host,
  { nodes, epmdPort, context }: ClusterPlan,
): Promise<ReadonlyMap<string, string>> {
  const others = new Set(nodes.map(({ place }) => place.host).filter((other) => other !== host));
  const routes = [...others].map(async (other) => {
    const { address } = await context.fabric.route(host, other, epmdPort);
    return [erlangHost(other), address] as const;
  });
  return new Map([[erlangHost(host), host.address], ...(await Promise.all(routes))]);
}

/** Everything that would otherwise come from the machine's own RabbitMQ, or be written where that one keeps its data. */
function environment(
  { place, ports }: NodePlan,
  { epmdPort }: ClusterPlan,
  files: NodeFiles,
): Readonly<Record<string, string>> {
  const directory = join(place.host.directory, place.name);
  return {
    HOME: join(directory, 'home'),
    ERL_EPMD_PORT: String(epmdPort),
    // Also of the helpers that RabbitMQ starts: an epmd of theirs would be a daemon that outlives the run.
    ERL_FLAGS: '-start_epmd false',
    ERL_INETRC: files.resolver,
    RABBITMQ_NODENAME: erlangNameOf(place),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: files.config,
    RABBITMQ_ADVANCED_CONFIG_FILE: join(directory, 'advanced.config'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(directory, 'generated'),
    RABBITMQ_SCHEMA_DIR: join(directory, 'schema'),
    RABBITMQ_ENABLED_PLUGINS_FILE: files.plugins,
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    // A node that is stopped while it boots would leave its dump in the user's folder.
    ERL_CRASH_DUMP_BYTES: '0',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {${place.host.address.replaceAll('.', ',')}}`,
  };
}

/** `bus-1@paris`: no dots in the host part, or Erlang wants long names. */
function erlangNameOf(place: Place): string {
  return `${place.name}@${erlangHost(place.host)}`;
}

function erlangHost(host: Host): string {
  return host.name.replaceAll(/[^A-Za-z0-9-]/g, '-');
}

/** The nodes of one cluster share it, and nobody else has it. */
function cookieOf(secret: string): string {
  return `BUSBENCH${secret.toUpperCase()}`;
}
