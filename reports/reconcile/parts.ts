import type { Part } from '../../agents/protocol.ts';
import { itemAt } from '../../topologies/item-at.ts';
import type { Evidence } from '../evidence.ts';

type PartOf<T extends Part['type']> = Extract<Part, { readonly type: T }>;

/** Every part of one type, of all processes, in the order of arrival. */
export function partsOf<T extends Part['type']>(evidence: Evidence, type: T): PartOf<T>[] {
  return evidence.parts.flatMap(({ part }) => (isOf(part, type) ? [part] : []));
}

function isOf<T extends Part['type']>(part: Part, type: T): part is PartOf<T> {
  return part.type === type;
}

export function siteName(evidence: Evidence, index: number): string {
  return itemAt(evidence.scenario.sites, index).name;
}

/** The process a peer named `<process>/<n>` lives in. */
export function processOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf('/'));
}

/** Adds to a count in a map. */
export function addTo<K>(counts: Map<K, number>, key: K, amount: number): void {
  if (amount !== 0) counts.set(key, (counts.get(key) ?? 0) + amount);
}

export function sum<T>(items: Iterable<T>, amountOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += amountOf(item);
  return total;
}

/** Items by key, keys in the order of their first item. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
