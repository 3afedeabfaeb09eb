import type { Placement } from './peers.ts';

/** Where a peer lives and which topic it serves or calls. */
export interface Seat {
  readonly topic: number;
  /** Index into the sites. */
  readonly site: number;
}

/**
 * Seats of peers 0 .. count-1. Even: peer j of T topics and S sites has topic j mod T and site
 * (topic + floor(j/T)) mod S, so that topics and sites never alias. A placement map gives each site an exact
 * number: a peer whose even site is full takes the next site, in order, that is not.
 */
export function spread(
  count: number,
  topics: number,
  sites: readonly string[],
  placement: Placement,
): readonly Seat[] {
  const room = placement === 'even' ? null : sites.map((site) => roomAt(placement, site));
  return Array.from({ length: count }, (_, j): Seat => {
    const topic = j % topics;
    const wanted = (topic + Math.floor(j / topics)) % sites.length;
    return { topic, site: room === null ? wanted : takeSeat(room, wanted) };
  });
}

function roomAt(placement: { readonly [site: string]: number }, site: string): number {
  return Object.hasOwn(placement, site) ? (placement[site] ?? 0) : 0;
}

function takeSeat(room: number[], wanted: number): number {
  for (let i = 0; i < room.length; i++) {
    const site = (wanted + i) % room.length;
    const left = room[site] ?? 0;
    if (left === 0) continue;
    room[site] = left - 1;
    return site;
  }
  throw new RangeError('a placement has fewer seats than there are peers');
}
