import type { Machine, Site } from '../../../topologies/topology.ts';

/** A machine with the name it has in a run: its site's, or `<site>.<n>` where a site has several. */
export interface Place {
  readonly name: string;
  readonly site: string;
  readonly machine: Machine;
}

/** In the order of the sites. */
export function placesOf(sites: readonly Site[]): readonly Place[] {
  return sites.flatMap(({ name: site, hosts }) =>
    hosts.map((machine, i) => {
      return { name: hosts.length === 1 ? site : `${site}.${i + 1}`, site, machine };
    }),
  );
}
