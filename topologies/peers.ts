import { z } from 'zod';
import type { Immutable } from './json.ts';
import { oneOf, quantity, shape, whole } from './language/codecs.ts';
import type { Findings } from './language/findings.ts';
import type { Path } from './language/path.ts';
import { duration } from './language/units.ts';

const placement = oneOf(
  [z.literal('even'), z.record(z.string(), whole(0, 1_000_000, 'peers at this site'))],
  'even or a map of site: count',
  ['even'],
)
  .prefault('even')
  .meta({ description: 'even, or an exact number of peers for each site' });

/** `even` follows the spreading rule; a map gives an exact number of peers to each site. */
export type Placement = Immutable<z.output<typeof placement>>;

/** `servers:` of a scenario. */
export const servers = shape({
  count: whole(1, 100_000, 'servers of the whole run; one a site when absent').exactOptional(),
  placement,
})
  .prefault({})
  .meta({ description: 'who answers, and where' });

/** `clients:` of a scenario. */
export const clients = shape({
  count: whole(1, 1_000_000, 'clients of the whole run; 10 a site when absent').exactOptional(),
  placement,
  connections: z
    .enum(['own', 'shared'])
    .prefault('own')
    .meta({ description: 'a connection for each client, or one for all of a process' }),
  failover: z
    .boolean()
    .prefault(false)
    .meta({ description: "go to another site's bus node when one's own is gone" }),
  reconnect: shape({
    min: quantity(duration, 'first wait before a reconnect', 1).prefault('100ms'),
    max: quantity(duration, 'longest wait before a reconnect', 1).prefault('5s'),
  })
    .prefault({})
    .meta({ description: 'waits grow from the first to the longest, each at random below it' }),
})
  .prefault({})
  .meta({ description: 'who calls, and from where' });

/** The count as given, else the sum of the placement, else the default; reports a placement that cannot be. */
export function peerCount(
  role: 'servers' | 'clients',
  peers: { readonly count?: number; readonly placement: Placement },
  sites: readonly string[],
  byDefault: number,
  findings: Findings,
): number {
  const { count, placement: placed } = peers;
  if (placed === 'even') return count ?? byDefault;
  const path: Path = [role, 'placement'];
  let sum = 0;
  for (const [site, here] of Object.entries(placed)) {
    findings.known('site', site, sites, [...path, site], ['sites']);
    sum += here;
  }
  if (sum === 0) findings.add(path, `places no ${role} anywhere`);
  else if (count !== undefined && count !== sum) {
    const message = `places ${sum} ${role} where ${role}.count says ${count}; give one, or make them agree`;
    findings.add(path, message, [role, 'count']);
  }
  return count ?? sum;
}
