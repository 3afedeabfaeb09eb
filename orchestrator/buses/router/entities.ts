import type { Json } from '../../../topologies/json.ts';
import type { RouterRow } from './management-calls.ts';

/** How one router sees another. */
export interface NodeView {
  readonly id: string;
  /** Null for the router itself, and for one it has no path to. */
  readonly cost: number | null;
  /** A way there is known: a link of its own or a next hop. */
  readonly reachable: boolean;
  /** Position in `ingressHistogram`. */
  readonly index: number;
}

export function parseNodes(rows: readonly RouterRow<'node'>[]): readonly NodeView[] {
  return rows.map((row) => ({
    id: String(row.id),
    cost: numberOrNull(row.cost),
    reachable: row.nextHop !== null || row.routerLink !== null,
    index: number(row.index),
  }));
}

export interface AddressView {
  readonly address: string;
  readonly subscriberCount: number;
  /** Other routers that have subscribers. */
  readonly remoteCount: number;
  readonly deliveriesIngress: number;
  readonly deliveriesEgress: number;
  readonly deliveriesTransit: number;
}

/** Mobile addresses that contain `part`. Keys are `M0<address>` (qdrouterd) or `M<address>` (skrouterd). */
export function parseAddresses(
  rows: readonly RouterRow<'address'>[],
  part: string,
): readonly AddressView[] {
  return rows.flatMap((row): AddressView[] => {
    const address = mobileAddress(row.key);
    if (address?.includes(part) !== true) return [];
    return [
      {
        address,
        subscriberCount: number(row.subscriberCount),
        remoteCount: number(row.remoteCount),
        deliveriesIngress: number(row.deliveriesIngress),
        deliveriesEgress: number(row.deliveriesEgress),
        deliveriesTransit: number(row.deliveriesTransit),
      },
    ];
  });
}

export interface LinkView {
  /** What the link is attached to; null for links between routers and anonymous ones. */
  readonly address: string | null;
  readonly linkType: string;
  readonly linkDir: string;
  readonly undeliveredCount: number;
  readonly droppedPresettledCount: number;
  /** Deliveries by the router where they entered the mesh; null where the router does not count. */
  readonly ingressHistogram: readonly number[] | null;
}

export function parseLinks(rows: readonly RouterRow<'link'>[]): readonly LinkView[] {
  return rows.map((row) => {
    const histogram = row.ingressHistogram;
    return {
      address: mobileAddress(row.owningAddr),
      linkType: String(row.linkType),
      linkDir: String(row.linkDir),
      undeliveredCount: number(row.undeliveredCount),
      droppedPresettledCount: number(row.droppedPresettledCount),
      ingressHistogram: Array.isArray(histogram) ? histogram.map(number) : null,
    };
  });
}

/** True when an edge router has its uplink. */
export function edgeConnected(rows: readonly RouterRow<'connection'>[]): boolean {
  return rows.some((row) => row.role === 'edge' && row.dir === 'out' && row.opened === true);
}

/** The router's own totals; attributes that are no numbers are left out. */
export function parseTotals(
  rows: readonly RouterRow<'totals'>[],
): Readonly<Record<string, number>> {
  const counted = Object.entries(rows[0] ?? {}).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && entry[0] !== '',
  );
  return Object.fromEntries(counted);
}

function mobileAddress(key: Json): string | null {
  if (typeof key !== 'string' || !key.startsWith('M')) return null;
  return key.startsWith('M0') ? key.slice(2) : key.slice(1);
}

function number(value: Json): number {
  return numberOrNull(value) ?? 0;
}

function numberOrNull(value: Json): number | null {
  return typeof value === 'number' ? value : null;
}
