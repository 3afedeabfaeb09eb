import { itemAt } from '../../topologies/item-at.ts';
import { seededPermutation } from '../../topologies/random.ts';
import type { Pacer, PacerOptions } from './pacer.ts';
import type { RateCurve } from './rate.ts';

/**
 * Operation k of the run is due when the curve says so, at client perm(k mod N). Each process takes the positions of
 * its own clients from the same permutation, so that the union over all processes is exactly smooth.
 */
export function constantPacer(options: PacerOptions, curve: RateCurve): Pacer {
  const { clients, totalClients, seed, startUs, measureUs, measureEndUs } = options;
  const turns = turnsOf(clients, totalClients, seed);
  const lastCount =
    options.callsPerClient === null
      ? Number.POSITIVE_INFINITY
      : firstFrom((count) => startUs + curve.dueUs(count), measureUs) +
        options.callsPerClient * totalClients;
  let turn = 0;
  let round = 0;
  let dueUs = due();

  function due(): number {
    const next = turns[turn];
    if (next === undefined) return Number.POSITIVE_INFINITY;
    const count = round * totalClients + next.offset;
    if (count >= lastCount) return Number.POSITIVE_INFINITY;
    const us = startUs + curve.dueUs(count);
    return us < measureEndUs ? us : Number.POSITIVE_INFINITY;
  }

  return {
    peekUs: () => dueUs,
    take: () => {
      const position = turns[turn]?.position ?? 0;
      turn++;
      if (turn === turns.length) {
        turn = 0;
        round++;
      }
      dueUs = due();
      return position;
    },
    ended: () => {},
  };
}

interface Turn {
  /** k mod N at which the client's turn comes. */
  readonly offset: number;
  /** The client's position in this process. */
  readonly position: number;
}

/** This process's clients in the order of their turns; also staggers the first operations of a closed loop. */
export function turnsOf(clients: readonly number[], totalClients: number, seed: number): Turn[] {
  const offsets = new Uint32Array(totalClients);
  for (const [offset, client] of seededPermutation(totalClients, seed).entries()) {
    offsets[client] = offset;
  }
  return clients
    .map((client, position) => ({ offset: itemAt(offsets, client), position }))
    .sort((a, b) => a.offset - b.offset);
}

/** The first operation due at or after `us`, by bisection; rounded as due times are, or it could be one too early. */
function firstFrom(dueUs: (count: number) => number, us: number): number {
  let high = 1;
  while (dueUs(high) < us) high *= 2;
  let low = 0;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (dueUs(middle) < us) low = middle + 1;
    else high = middle;
  }
  return low;
}
