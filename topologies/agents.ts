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
      'agents of each site and role, in as many processes; auto: one for every 2 500 peers, at most 8',
  });

const pack = oneOf(
  [z.literal('auto'), z.literal('none'), whole(1, 64, 'processes')],
  'auto, none or a number of processes',
  ['auto', 'none'],
)
  .prefault('auto')
  .meta({
    description:
      'how many operating-system processes play all agents of one role together, where a site is only an address (loopback): auto, as many as the cores are good for; none, each agent has its own. It changes what a run costs, nothing else',
  });

/** `agents:` of a scenario. */
export const agents = shape({ processes, pack })
  .prefault({})
  .meta({ description: 'the agents that play clients and servers, and their processes' });

export type AgentsSpec = Immutable<z.output<typeof agents>>;

/** One process plays so many peers before `auto` wants another. */
export const peersOfOne = 2_500;
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

/** May one process play agents of several sites? Where sites have hosts or networks of their own, it may not. */
export function sitesShareProcesses(fabric: string): boolean {
  return fabric === 'loopback';
}
