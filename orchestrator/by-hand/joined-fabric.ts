import { join } from 'node:path';
import { FabricError } from '../errors.ts';
import type { Fabric, RunContext } from '../fabrics/fabric.ts';
import { localHost } from '../hosts/local.ts';
import { type Joined, joinedHost } from './joined.ts';

/**
 * Machines on which agents were started by hand, with the links that are there. The first host is this machine: from it
 * the bus is looked at and its names are declared.
 */
export async function joinedFabric(
  joined: readonly Joined[],
  { scratch }: RunContext,
): Promise<Fabric> {
  const site = joined[0]?.request.site ?? '';
  const directory = join(scratch, 'controller');
  const here = await localHost({ name: 'controller', site, address: '127.0.0.1', directory });
  const cannot = async (): Promise<never> => {
    throw new FabricError(
      'FABRIC_NOT_OURS',
      'the links between agents that were started by hand are not ours to change',
      'Emulated links need a fabric: see `busbench run`.',
    );
  };
  return {
    name: 'machines',
    limits: [
      'Agents were started by hand: the links between them are as they are, and were not measured.',
    ],
    environment: {},
    hosts: [here, ...joined.map(joinedHost)],
    processes: [],
    route: cannot,
    unroute: async () => {},
    shape: cannot,
    cut: cannot,
    heal: cannot,
    measures: false,
    measure: async () => [],
    traffic: async () => [],
    inSiteReason: 'agents started by hand tell no bytes',
    troubles: async () => [],
    [Symbol.asyncDispose]: async () => {},
  };
}
