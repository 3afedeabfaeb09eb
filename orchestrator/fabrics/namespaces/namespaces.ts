import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Topology } from '../../../topologies/topology.ts';
import { FabricError } from '../../errors.ts';
import { claimDirectory, newOwner } from '../../processes/owner.ts';
import { endOwned, removeStale } from '../../processes/stale.ts';
import type { Fabric, FabricMaker, RunContext } from '../fabric.ts';
import { type Abilities, findAbilities, ownPrivilege } from './abilities.ts';
import { maxSites, siteAddress } from './addresses.ts';
import { NamespacesFabric } from './namespaces-fabric.ts';
import { shapeWithNetem } from './netem.ts';
import { startNfqueue } from './nfqueue.ts';
import { buildSiteNetwork } from './site-network.ts';

/** Sites in network namespaces of this machine: everything that runs there crosses an emulated WAN packet by packet. */
export const namespaces: FabricMaker = {
  name: 'namespaces',
  needsRoot: [
    'network namespaces and packet queues (or user namespaces, without a real-time class)',
  ],
  refuse: ({ sites }) =>
    sites.flatMap((site, index) =>
      site.hosts.length > 0
        ? [
            {
              path: `sites.${site.name}.hosts`,
              message:
                'the namespaces fabric has no machines; use fabric: machines, or leave the hosts out',
            },
          ]
        : index === maxSites
          ? [{ path: 'sites', message: `at most ${maxSites} sites in namespaces of one machine` }]
          : [],
    ),
  addresses: ({ sites }) =>
    sites.map(({ name }, index) => ({ site: name, host: name, address: siteAddress(index + 1) })),
  available: async () => obstacle(await findAbilities(ownPrivilege())),
  found: async () => means(await findAbilities(ownPrivilege())),
  make,
};

function obstacle({ netem, nfqueue }: Abilities): Awaited<ReturnType<FabricMaker['available']>> {
  return netem === null ? null : nfqueue;
}

/** As `busbench check` calls the way that a run would take. */
function means({ privilege, netem, firewall }: Abilities): string {
  const backEnd = netem === null ? 'netem' : `nfqueue by ${firewall}`;
  return privilege === 'root' ? `root + ${backEnd}` : `rootless, ${backEnd}`;
}

async function make(topology: Topology, run: RunContext, signal: AbortSignal): Promise<Fabric> {
  signal.throwIfAborted();
  await removeStale();
  const abilities = await findAbilities(ownPrivilege());
  const lacks = obstacle(abilities);
  if (lacks !== null) {
    throw new FabricError(
      'NAMESPACES_UNAVAILABLE',
      `the namespaces fabric needs ${lacks.missing}`,
      lacks.hint,
    );
  }
  const owner = newOwner(run.runId);
  claimDirectory(run.scratch, owner);
  try {
    const network = await buildSiteNetwork(topology, run, owner, abilities.privilege);
    signal.throwIfAborted();
    const impairment =
      abilities.netem === null
        ? await shapeWithNetem(network, topology)
        : await startNfqueue(network, topology, run, abilities.firewall);
    signal.throwIfAborted();
    return new NamespacesFabric({ topology, run, owner, network, impairment });
  } catch (error) {
    await endOwned(owner);
    await rm(join(run.scratch, 'namespaces'), { recursive: true, force: true });
    throw error;
  }
}
