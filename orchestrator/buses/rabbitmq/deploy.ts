import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RabbitmqOptions } from '../../../topologies/buses/rabbitmq.ts';
import { itemAt } from '../../../topologies/item-at.ts';
import { BusError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';
import { premisesOf } from '../../hosts/premises.ts';
import { Cluster } from './cluster.ts';
import type { DeployContext, DeployedCluster, Place } from './context.ts';
import { type Gateway, startGateway } from './gateway-client.ts';
import {
  type Installation,
  notInstalled,
  parseInstallation,
  searchCommand,
  searchEnvironment,
} from './installation.ts';
import { RabbitmqNode } from './node.ts';
import { waitUntil } from './polling.ts';
import { type NodePlan, prepareNode } from './prepare.ts';
import { otherVersion, unserved } from './versions.ts';

/** Starts every node at once, each with its own data, ports and name, and waits until they are one cluster. */
export async function deployCluster(context: DeployContext): Promise<DeployedCluster> {
  const { scenario, fabric, stack, signal } = context;
  const startedAt = performance.now();
  const places = placeNodes(scenario.bus.nodes, fabric.hosts);
  const hosts = [...new Set(places.map((place) => place.host))];
  const [gateways, installations] = await Promise.all([
    startGateways(hosts, context),
    find(hosts, context),
  ]);
  const [installation] = installations.values();
  if (!installation) throw new BusError('RABBITMQ_NO_HOST', 'no bus node', 'A bug: report it.');
  checkVersion(installation, context.options);
  const numbers = await choosePorts(gateways, 1 + portsPerNode * places.length, signal);
  const preparedAt = performance.now();

  const epmdPort = itemAt(numbers, 0);
  await startEpmd(gateways, epmdPort, context);
  const cluster = new Cluster(fabric, gateways, epmdPort);
  const credentials = { username: 'busbench', password: randomBytes(12).toString('hex') };
  const nodes = places.map((place, i) => {
    const { home } = installations.get(place.host) ?? installation;
    return { ...planNode(place, i, numbers, gateways), home };
  });
  const { version } = installation;
  const plan = { nodes, epmdPort, version, credentials, context };
  const specs = await Promise.all(nodes.map((node) => prepareNode(node, plan)));
  cluster.nodes.push(...specs.map((spec) => new RabbitmqNode(spec, cluster)));
  for (const node of cluster.nodes) stack.defer(() => node.kill());
  const spawnedAt = performance.now();
  const boots = await boot(cluster.nodes, signal);

  const last = (moments: ReadonlyMap<string, number>): number => Math.max(...moments.values());
  const { registeredAt, bootedAt, servingAt } = cluster;
  const details = {
    prepareMs: preparedAt - startedAt,
    epmdMs: spawnedAt - preparedAt,
    erlangMs: last(registeredAt) - spawnedAt,
    bootMs: last(bootedAt) - last(registeredAt),
    joinMs: last(servingAt) - last(bootedAt),
    ...(boots > 1 ? { boots } : {}),
  };
  return { cluster, credentials, installation, details };
}

const maxBoots = 3;

/**
 * Starts the first node, then all that join it; returns how many times that took. From 3.12 on a blank node that finds
 * nobody may go it alone; before that, one that joins while the first still enables its feature flags can leave the
 * whole cluster without them. Where joining nodes race all the same and refuse to boot, the others count them as
 * members by then, so all begin again from blank data.
 */
async function boot(nodes: readonly RabbitmqNode[], signal: AbortSignal): Promise<number> {
  for (let boots = 1; ; boots++) {
    await nodes[0]?.start(signal);
    const starts = nodes.map((node) => node.start(signal));
    try {
      await Promise.all(starts);
      return boots;
    } catch (error) {
      if (boots === maxBoots || !isJoinRace(error)) throw error;
      await Promise.all(nodes.map((node) => node.blank()));
      await Promise.allSettled(starts);
    }
  }
}

function isJoinRace(error: unknown): boolean {
  return (
    error instanceof BusError &&
    /schema_integrity_check_failed|incompatible_feature_flags/.test(error.message)
  );
}

/** Node i is bus-(i+1); several at one site share out its hosts. */
function placeNodes(nodes: readonly string[], hosts: readonly Host[]): readonly Place[] {
  const used = new Map<string, number>();
  return nodes.map((site, i) => {
    const there = hosts.filter((host) => host.site === site);
    const turn = used.get(site) ?? 0;
    used.set(site, turn + 1);
    const host = there[turn % there.length];
    if (!host)
      throw new BusError('RABBITMQ_NO_HOST', `site ${site} has no host`, 'A bug: report it.');
    return { name: `bus-${i + 1}`, site, host };
  });
}

async function startGateways(
  hosts: readonly Host[],
  { run, stack }: DeployContext,
): Promise<ReadonlyMap<Host, Gateway>> {
  const gateways = await Promise.all(
    hosts.map(async (host) => {
      const log = join(run.logs, `gateway.${host.name}.log`);
      return [host, stack.use(await startGateway(host, log))] as const;
    }),
  );
  return new Map(gateways);
}

/** What each host has, one version everywhere: of mixed ones nobody could say what was measured. */
async function find(
  hosts: readonly Host[],
  { run }: DeployContext,
): Promise<ReadonlyMap<Host, Installation>> {
  const found = await Promise.all(
    hosts.map(async (host) => {
      const premises = premisesOf(host, join(run.logs, `gateway.${host.name}.log`));
      const said = await premises.run(searchCommand, searchEnvironment());
      const installation = parseInstallation(said);
      if (!installation) throw notInstalled(host.name);
      return [host, installation] as const;
    }),
  );
  if (new Set(found.map(([, { version }]) => version)).size > 1) {
    const each = found.map(([{ name }, { version }]) => `${name} has ${version}`);
    throw new BusError(
      'RABBITMQ_MIXED',
      `expected one version of RabbitMQ on all hosts of the cluster, got: ${each.join(', ')}`,
      'Install the same one everywhere, or name it by BUSBENCH_RABBITMQ.',
    );
  }
  return new Map(found);
}

function checkVersion({ version, plugins }: Installation, options: RabbitmqOptions): void {
  const [why] = unserved(version, plugins, options);
  if (why === undefined) return;
  throw new BusError('RABBITMQ_OPTION_UNSUPPORTED', `RabbitMQ ${version} ${why}`, otherVersion);
}

/** Numbers free on every host: one of them is epmd's on all. */
async function choosePorts(
  gateways: ReadonlyMap<Host, Gateway>,
  count: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const [first, ...others] = gateways.values();
  for (let draw = 1; ; draw++) {
    const ports = (await first?.ask('ports', { count }, { signal })) ?? [];
    const taken = await Promise.all(
      others.map((other) => other.ask('taken', { ports }, { signal })),
    );
    if (taken.flat().length === 0) return ports;
    if (draw === maxDraws) throw noPorts(count, [...gateways.keys()]);
  }
}

const maxDraws = 10;

function noPorts(count: number, hosts: readonly Host[]): BusError {
  return new BusError(
    'RABBITMQ_NO_PORTS',
    `expected ${count} ports between 15000 and 32000 that are free on all of ${hosts.map(({ name }) => name).join(', ')}, found none in ${maxDraws} draws`,
    'Look at what listens there (ss -ltn).',
  );
}

const portsPerNode = 4;

/** Every node has numbers of its own: nodes of one machine must not collide, nor relays with nodes. */
function planNode(
  place: Place,
  index: number,
  numbers: readonly number[],
  gateways: ReadonlyMap<Host, Gateway>,
): Omit<NodePlan, 'home'> {
  const first = 1 + portsPerNode * index;
  const gateway = gateways.get(place.host);
  if (!gateway) throw new Error(`no gateway on ${place.host.name}`);
  const ports = {
    amqp: itemAt(numbers, first),
    management: itemAt(numbers, first + 1),
    prometheus: itemAt(numbers, first + 2),
    distribution: itemAt(numbers, first + 3),
  };
  return { place, gateway, ports };
}

/** Loopback addresses are one machine, and one machine's nodes register with one epmd. */
async function startEpmd(
  gateways: ReadonlyMap<Host, Gateway>,
  port: number,
  { run, stack, signal }: DeployContext,
): Promise<void> {
  const hosts = [...gateways.keys()];
  const loopback = hosts.filter((host) => host.address.startsWith('127.'));
  const groups = [loopback, ...hosts.filter((h) => !loopback.includes(h)).map((h) => [h])];
  await Promise.all(
    groups.map(async (group) => {
      const [host] = group;
      if (!host) return;
      const addresses = group.map((member) => member.address).join(',');
      const command = ['epmd', '-address', addresses, '-port', String(port)];
      const logFile = join(run.logs, `epmd.${host.name}.log`);
      const epmd = await host.spawn(command, { logFile, stdio: 'log' });
      stack.defer(async () => {
        await epmd.end(1_000);
      });
      const look = async (): Promise<string | null> => {
        const names = await gateways.get(host)?.ask('epmd', { port }, { signal });
        return names ? null : `nothing listens at port ${port}`;
      };
      const patience = { what: `epmd on ${host.name}`, everyMs: 10, timeoutMs: 10_000 };
      await waitUntil(look, { ...patience, hint: `See ${logFile}.` }, signal);
    }),
  );
}
