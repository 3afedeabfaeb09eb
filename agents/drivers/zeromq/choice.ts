import { seededRandom } from '../../../topologies/random.ts';
import type { ServerEntry } from './endpoint.ts';
import type { Link } from './link.ts';

/** Servers of which one gets a copy: all of a topic (call, cast), one pool (notify), a single one (fanout). */
export interface Group {
  /** Links by distance; farther ones only take what the nearer ones do not. */
  readonly byDistance: readonly (readonly Link[])[];
  /** All of them, for probes. */
  readonly members: readonly Link[];
  /** Whose turn it is, at whichever distance. */
  next: number;
}

/** Where to begin looking among `count` links of one distance. */
export type Start = (group: Group, count: number) => number;

/** Takes turns, or throws seeded dice. Closest takes turns among the equally close. */
export function startOf(choice: 'round-robin' | 'random' | 'closest', seed: number): Start {
  if (choice !== 'random') return (group) => group.next;
  const random = seededRandom(seed);
  return (_, count) => Math.floor(random() * count);
}

/** A link that can take a message now, or null. Servers that cannot are skipped, as a DEALER does by itself. */
export function select(group: Group, start: Start): Link | null {
  for (const links of group.byDistance) {
    const count = links.length;
    const first = start(group, count);
    for (let i = 0; i < count; i++) {
      const at = (first + i) % count;
      const link = links[at];
      if (link === undefined || !link.writable) continue;
      group.next = at + 1;
      return link;
    }
  }
  return null;
}

/** True when a server of the group is connected, though it may be full. */
export function reachable(group: Group): boolean {
  return group.members.some((link) => link.up);
}

/** One group a subscriber. Each starts its turns at `next`; without failover only the closest are dialed. */
export function makeGroups(
  entries: readonly ServerEntry[],
  failover: boolean,
  next: number,
  dial: (entry: ServerEntry) => Link,
): readonly Group[] {
  const subscribers = [...new Set(entries.map(({ subscriber }) => subscriber))];
  return subscribers.map((subscriber) => {
    const members = entries.filter((entry) => entry.subscriber === subscriber);
    const distances = [...new Set(members.map(({ distance }) => distance))].sort((a, b) => a - b);
    const dialed = failover ? distances : distances.slice(0, 1);
    const byDistance = dialed.map((distance) =>
      members.filter((entry) => entry.distance === distance).map(dial),
    );
    return { byDistance, members: byDistance.flat(), next };
  });
}

export function groupOf(link: Link): Group {
  return { byDistance: [[link]], members: [link], next: 0 };
}

/** Route p leads to member p of each group, smaller groups beginning again: as many routes as the largest has prove all. */
export function onRoute(groups: readonly Group[], route: number): readonly Link[] {
  return groups.flatMap(({ members }) => members[route % members.length] ?? []);
}
