import {
  type AddressView,
  type LinkView,
  parseAddresses,
  parseLinks,
  parseNodes,
  parseTotals,
} from './entities.ts';
import type { RouterNode } from './node.ts';

/**
 * Counters of one router, by name; the run's addresses are those that contain `part`. `sameSite` names the routers
 * of its site, itself included; null where edge routers hide from the others where a message came in.
 */
export async function routerCounters(
  node: RouterNode,
  sameSite: readonly string[] | null,
  part: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  // One after the other: answers still on their way would be counted as undelivered.
  const totals = await node.query('totals', signal);
  const addresses = await node.query('address', signal);
  const links = await node.query('link', signal);
  const nodes = await node.query('node', signal);
  if (totals === null) return {};
  const near = parseNodes(nodes?.rows ?? []).filter((view) => sameSite?.includes(view.id));
  const indices = sameSite === null ? null : near.map((view) => view.index);
  return {
    ...totalCounters(parseTotals(totals.rows)),
    ...addressCounters(parseAddresses(addresses?.rows ?? [], part)),
    ...linkCounters(parseLinks(links?.rows ?? []), indices, part),
  };
}

/** Totals of the router, the traffic of replies and of its management included. */
export function totalCounters(
  totals: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(totals).map(([name, value]) => [`total.${name}`, value] as const);
  return Object.fromEntries(entries);
}

/** `now` less what was counted before; connections, links and memory are levels and stay. */
export function countedSince(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const entries = Object.entries(now).map(([name, value]) => {
    const counts = /^total\..*[dD]eliveries/.test(name);
    return [name, counts ? value - (before[name] ?? 0) : value] as const;
  });
  return Object.fromEntries(entries);
}

/** Deliveries to the run's addresses: taken from clients here, given to servers here, passed on. */
export function addressCounters(
  addresses: readonly AddressView[],
): Readonly<Record<string, number>> {
  const counters = { deliveriesIngress: 0, deliveriesEgress: 0, deliveriesTransit: 0 };
  for (const address of addresses) {
    counters.deliveriesIngress += address.deliveriesIngress;
    counters.deliveriesEgress += address.deliveriesEgress;
    counters.deliveriesTransit += address.deliveriesTransit;
  }
  return counters;
}

/**
 * `localDeliveries` and `remoteDeliveries`: what servers here got, by whether it entered the mesh at a router of
 * this site. `indices` are the histogram positions of those routers; null leaves both counters out.
 */
export function linkCounters(
  links: readonly LinkView[],
  indices: readonly number[] | null,
  part: string,
): Readonly<Record<string, number>> {
  const counters: Record<string, number> = { undelivered: 0, droppedPresettled: 0 };
  const add = (name: string, value: number): void => {
    counters[name] = (counters[name] ?? 0) + value;
  };
  for (const link of links) {
    add('undelivered', link.undeliveredCount);
    // Routers drop their own old hellos; that is no message of the run.
    if (link.linkType !== 'router-control') add('droppedPresettled', link.droppedPresettledCount);
    const { address, ingressHistogram } = link;
    if (link.linkDir !== 'out' || ingressHistogram === null || indices === null) continue;
    if (address?.includes(part) !== true) continue;
    for (const [index, count] of ingressHistogram.entries()) {
      add(indices.includes(index) ? 'localDeliveries' : 'remoteDeliveries', count);
    }
  }
  return counters;
}

/** Share of deliveries that stayed at their site, over all routers; null when none was counted. */
export function localShareOf(counters: Iterable<Readonly<Record<string, number>>>): number | null {
  let local = 0;
  let all = 0;
  for (const { localDeliveries = 0, remoteDeliveries = 0 } of counters) {
    local += localDeliveries;
    all += localDeliveries + remoteDeliveries;
  }
  return all === 0 ? null : local / all;
}
