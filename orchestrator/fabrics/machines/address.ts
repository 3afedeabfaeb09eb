import { isIP } from 'node:net';
import type { Machine } from '../../../topologies/topology.ts';
import { HostError } from '../../errors.ts';
import type { Connection } from '../../hosts/remote/connect.ts';

/**
 * The IPv4 address of a machine: it listens there, and the others dial it. Rejects with HOST_ADDRESS where that is none of
 * its own (behind a translation of addresses, say), or only its own (loopback) while there are others.
 */
export async function addressOf(
  name: string,
  { ssh, address }: Machine,
  { session, facts }: Pick<Connection, 'session' | 'facts'>,
  isAlone: boolean,
): Promise<string> {
  const wanted = address ?? facts.reachedAt ?? '';
  const found = isIP(wanted) === 0 ? await session.call('resolve', wanted) : wanted;
  const own = facts.addresses.filter((one) => isAlone || !isLoopback(one));
  if (found !== null && own.includes(found)) return found;
  const which = address === null ? `ssh ${ssh} reached it at ${wanted}` : `address: ${address}`;
  const meaning =
    found === wanted
      ? ''
      : found === null
        ? ', which has no IPv4 address there'
        : `, which is ${found} there`;
  throw new HostError(
    'HOST_ADDRESS',
    `${name}: expected an IPv4 address of its own that other machines can dial (${own.join(', ') || 'it has none'}); got ${which}${meaning}`,
    `Name the one to use in the scenario: hosts: [{ ssh: ${ssh}, address: ${own[0] ?? '...'} }].`,
  );
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}
