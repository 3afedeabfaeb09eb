import { exponential, seededRandom } from '../random.ts';
import type { Pacer, PacerOptions } from './pacer.ts';
import type { RateCurve } from './rate.ts';

/**
 * Independent Poisson arrivals at each client. The superposition of n such processes is one of n times the rate whose
 * events fall on a client chosen evenly, which is exact and takes O(1) an operation; a ramp stretches its time. A
 * client that has had all its calls leaves, and takes its share of the rate along.
 */
export function poissonPacer(options: PacerOptions, curve: RateCurve): Pacer {
  const { clients, totalClients, callsPerClient, startUs, measureUs, measureEndUs } = options;
  const random = seededRandom(options.seed, 1 + (clients[0] ?? 0));
  const active = clients.map((_, position) => position);
  const measured = new Uint32Array(clients.length);
  /** Operations of the whole run that the curve has seen so far, a real number. */
  let count = 0;
  let dueUs = next();

  function next(): number {
    if (active.length === 0) return Number.POSITIVE_INFINITY;
    count += (exponential(random) * totalClients) / active.length;
    const us = startUs + curve.dueUs(count);
    return us < measureEndUs ? us : Number.POSITIVE_INFINITY;
  }

  function countMeasured(position: number, at: number): void {
    const calls = (measured[position] ?? 0) + 1;
    measured[position] = calls;
    if (calls !== callsPerClient) return;
    const last = active.pop();
    if (last !== undefined && at < active.length) active[at] = last;
  }

  return {
    peekUs: () => dueUs,
    take: () => {
      const at = Math.floor(random() * active.length);
      const position = active[at] ?? 0;
      if (dueUs >= measureUs) countMeasured(position, at);
      dueUs = next();
      return position;
    },
    ended: () => {},
  };
}
