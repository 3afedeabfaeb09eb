import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Topology } from '../../../topologies/topology.ts';
import { localHost } from '../../hosts/local.ts';
import type { Fabric, FabricMaker, RunContext } from '../fabric.ts';
import { claimBlock, maxSites, siteAddress, usualBlock, wholeLoopback } from './address-block.ts';
import { LoopbackFabric } from './loopback-fabric.ts';
import { type Relay, startRelay } from './relay.ts';

/** Sites on loopback addresses, joined by a relay process that delays TCP streams: no root, and no packet loss. */
export const loopback: FabricMaker = {
  name: 'loopback',
  needsRoot: [],
  refuse: (topology) => [
    ...topology.links.flatMap((link, index) =>
      link.lossPercent > 0
        ? [
            {
              path: `links[${index}].loss`,
              message: `a TCP relay cannot lose packets (${link.from} to ${link.to}: ${link.lossPercent} %); use fabric: namespaces`,
            },
          ]
        : [],
    ),
    ...topology.sites.flatMap((site, index) =>
      site.hosts.length > 0
        ? [
            {
              path: `sites.${site.name}.hosts`,
              message:
                'the loopback fabric has no machines; use fabric: machines, or leave the hosts out',
            },
          ]
        : index === maxSites
          ? [{ path: 'sites', message: `at most ${maxSites} sites on loopback addresses` }]
          : [],
    ),
  ],
  addresses: (topology) =>
    topology.sites.map(({ name }, index) => ({
      site: name,
      host: name,
      address: siteAddress(usualBlock, index + 1),
    })),
  available: async () =>
    (await wholeLoopback())
      ? null
      : {
          missing: 'loopback addresses other than 127.0.0.1',
          hint: 'run on Linux, or give lo0 an alias for each address that `busbench plan` shows',
        },
  make,
};

async function make(topology: Topology, run: RunContext, signal: AbortSignal): Promise<Fabric> {
  signal.throwIfAborted();
  const block = await claimBlock();
  const directory = join(run.scratch, 'loopback');
  let relay: Relay | null = null;
  try {
    const hosts = await Promise.all(
      topology.sites.map(({ name }, index) =>
        localHost({
          name,
          site: name,
          address: siteAddress(block.number, index + 1),
          directory: join(directory, name),
        }),
      ),
    );
    const home = await localHost({
      name: 'fabric',
      site: 'fabric',
      address: `127.${block.number}.0.1`,
      directory: join(directory, '.fabric'),
    });
    relay = await startRelay(home, join(run.logs, 'relay.log'));
    const fabric = new LoopbackFabric({
      topology,
      block,
      directory,
      hosts,
      home,
      relay,
      logs: run.logs,
      seed: run.seed ?? 1,
    });
    await fabric.start();
    signal.throwIfAborted();
    return fabric;
  } catch (error) {
    await relay?.[Symbol.asyncDispose]();
    await block[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}
