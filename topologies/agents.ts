import { z } from 'zod';
import type { Immutable } from './json.ts';
import { oneOf, shape, whole } from './language/codecs.ts';

const processes = oneOf(
  [z.literal('auto'), whole(1, 64, 'processes')],
  'auto or a number of processes',
  ['auto'],
)
  .prefault(1)
  .meta({
    description:
      'agent processes of each site and role; auto: one for every 2 500 peers, at most 8',
  });

/** `agents:` of a scenario. */
export const agents = shape({ processes })
  .prefault({})
  .meta({ description: 'the processes that play clients and servers' });

export type AgentsSpec = Immutable<z.output<typeof agents>>;

/** One process plays so many peers before `auto` wants another. */
const peersOfOne = 2_500;
const mostOfAuto = 8;

/** How many processes share the peers of one role at one site; never more than there are peers or, without any, one. */
export function processCount(
  { processes: wanted }: AgentsSpec,
  hosts: number,
  peers: number,
): number {
  const auto = Math.min(mostOfAuto, Math.ceil(peers / peersOfOne));
  const asked = Math.max(hosts, wanted === 'auto' ? auto : wanted);
  return Math.max(1, Math.min(asked, peers));
}
