import { join } from 'node:path';
import { itemAt } from '../../../topologies/item-at.ts';
import type { Topology } from '../../../topologies/topology.ts';
import type { Host } from '../../hosts/host.ts';
import { namespaceHost } from '../../hosts/namespace.ts';
import { markOf, type Owner } from '../../processes/owner.ts';
import type { RunContext } from '../fabric.ts';
import { gatewayAddress, routerInterface, siteAddress, siteInterface } from './addresses.ts';
import {
  makeNamespace,
  type Namespace,
  type NamespaceSpec,
  type Privilege,
} from './network-namespace.ts';
import { allowCongestionControl, tuneRouter, tuneSite } from './settings.ts';

/** One namespace a site, joined by a router namespace through which all their traffic must go. */
export interface SiteNetwork {
  readonly privilege: Privilege;
  readonly router: Host;
  readonly sites: readonly Host[];
  /** The namespace of each host, by its keeper's pid. */
  readonly namespaces: ReadonlyMap<Host, Namespace>;
  /** What the kernel says of the sites' network stacks, by sysctl name. */
  readonly settings: Readonly<Record<string, string>>;
  readonly logFile: string;
}

const commandMs = 20_000;

/** Makes and joins the namespaces; nothing is delayed yet. Everything goes with the owner's processes. */
export async function buildSiteNetwork(
  topology: Topology,
  run: RunContext,
  owner: Owner,
  privilege: Privilege,
): Promise<SiteNetwork> {
  const directory = join(run.scratch, 'namespaces');
  const logFile = join(run.logs, 'namespaces.log');
  const base = { privilege, mark: markOf(owner), logFile };
  const label = (name: string): string => `busbench-${run.runId}-${name}`;
  const first = await makeNamespace({ ...base, label: label('router'), first: null });
  const spaces = await makeSiteNamespaces(topology, first, base, label);
  const router = await namespaceHost(
    { name: 'router', site: 'fabric', address: '10.99.0.1', directory: join(directory, '.router') },
    first,
  );
  const sites = await Promise.all(
    topology.sites.map(({ name }, i) => {
      const place = { name, site: name, address: siteAddress(i + 1) };
      return namespaceHost({ ...place, directory: join(directory, name) }, itemAt(spaces, i));
    }),
  );
  await tuneRouter(router, logFile);
  await ipBatch(router, spaces.flatMap(routerCommands), logFile);
  using _allowed = allowCongestionControl();
  const settings = await Promise.all(
    sites.map(async (host, i) => {
      const said = await tuneSite(host, logFile);
      await ipBatch(host, siteCommands(i + 1), logFile);
      return said;
    }),
  );
  const namespaces = new Map([
    [router, first],
    ...sites.map((host, i) => [host, itemAt(spaces, i)] as const),
  ]);
  return { privilege, router, sites, namespaces, settings: settings[0] ?? {}, logFile };
}

function makeSiteNamespaces(
  topology: Topology,
  first: Namespace,
  base: Pick<NamespaceSpec, 'privilege' | 'mark' | 'logFile'>,
  label: (name: string) => string,
): Promise<readonly Namespace[]> {
  return Promise.all(
    topology.sites.map(({ name }) => makeNamespace({ ...base, label: label(name), first })),
  );
}

/** A cable from the router to a site, and the router's end of it. */
function routerCommands({ process }: Namespace, index: number): readonly string[] {
  const site = index + 1;
  const name = routerInterface(site);
  return [
    `link add ${name} type veth peer name ${siteInterface} netns ${process.pid}`,
    `address add ${gatewayAddress(site)}/24 dev ${name}`,
    `link set ${name} up`,
  ];
}

function siteCommands(site: number): readonly string[] {
  return [
    'link set lo up',
    `address add ${siteAddress(site)}/24 dev ${siteInterface}`,
    `link set ${siteInterface} up`,
    `route add default via ${gatewayAddress(site)}`,
  ];
}

async function ipBatch(host: Host, commands: readonly string[], logFile: string): Promise<void> {
  const file = await host.put('ip.batch', `${commands.join('\n')}\n`);
  await host.run(['ip', '-batch', file], { stdio: 'pipe', logFile, timeoutMs: commandMs });
}
