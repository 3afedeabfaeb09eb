import { hasBit } from '../../agents/bitmap.ts';
import type { ClientPeer } from '../../agents/protocol.ts';
import type { Evidence } from '../evidence.ts';
import type { Deliveries } from './deliveries.ts';
import { processOf, sum } from './parts.ts';

/** Subscribers that may have received a client's messages in a process that never reported. */
export function silentSubscribers(evidence: Evidence): (peer: ClientPeer) => ReadonlySet<number> {
  const silent = new Set(evidence.processes.filter((p) => !p.collected).map((p) => p.name));
  const servers = evidence.servers.filter((server) => silent.has(processOf(server.name)));
  return (peer) => {
    const possible = servers.filter(
      ({ topic, index }) => topic === peer.topic && (peer.server === null || peer.server === index),
    );
    return new Set(possible.map(({ subscriber }) => subscriber));
  };
}

/** How many subscribers of processes that never reported are not known to have had a message. */
export function unseenBy(
  silent: ReadonlySet<number>,
  deliveries: Deliveries,
  sequence: number,
): number {
  return sum(silent, (subscriber) => {
    const had = deliveries.bySubscriber.get(subscriber);
    return had !== undefined && hasBit(had, sequence) ? 0 : 1;
  });
}
