import { exponential, seededRandom } from '../../topologies/random.ts';
import type { Pacer, PacerOptions } from './pacer.ts';
import type { RateCurve } from './rate.ts';

/**
 * Independent Poisson arrivals at each client. The superposition of n such processes is one of n times the rate whose
 * events fall on a client chosen evenly (a ramp stretches its time). Every process draws this same sequence for all
 * clients of the run and takes what falls on its own: however many processes share the clients, the same operations are due.
 */
export function poissonPacer(options: PacerOptions, curve: RateCurve): Pacer {
  const { clients, totalClients, callsPerClient, startUs, measureUs, measureEndUs } = options;
  const random = seededRandom(options.seed, 1);
  const positions = new Int32Array(totalClients).fill(-1);
  for (const [position, client] of clients.entries()) positions[client] = position;
  const measured = new Uint32Array(clients.length);
  let active = clients.length;
  /** Operations of the whole run so far, a real number. */
  let count = 0;
  let position = 0;
  let dueUs = next();

  /** Goes on to the next operation of a client that is ours and has not had all its calls. */
  function next(): number {
    while (active > 0) {
      count += exponential(random());
      const us = startUs + curve.dueUs(count);
      position = positions[Math.floor(random() * totalClients)] ?? -1;
      if (us >= measureEndUs) return Number.POSITIVE_INFINITY;
      if (position >= 0 && measured[position] !== callsPerClient) return us;
    }
    return Number.POSITIVE_INFINITY;
  }

  return {
    peekUs: () => dueUs,
    take: () => {
      const taken = position;
      if (dueUs >= measureUs) {
        const calls = (measured[taken] ?? 0) + 1;
        measured[taken] = calls;
        if (calls === callsPerClient) active--;
      }
      dueUs = next();
      return taken;
    },
    ended: () => {},
  };
}
