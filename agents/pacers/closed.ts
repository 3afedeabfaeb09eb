import { turnsOf } from './constant.ts';
import type { Pacer, PacerOptions } from './pacer.ts';

/**
 * Closed loop: `inFlight` operations of each client at a time, each due `pauseUs` after the end of the one before it.
 * The first ones are spread evenly over one pause. Ends come in the order of time and the pause is the same for all,
 * so a queue holds the due times in order: O(1) an operation.
 */
export function closedPacer(options: PacerOptions, pauseUs: number, inFlight: number): Pacer {
  const { clients, totalClients, seed, startUs, measureUs, measureEndUs } = options;
  const calls = options.callsPerClient ?? Number.POSITIVE_INFINITY;
  const capacity = clients.length * inFlight;
  const dues = new Float64Array(capacity);
  const positions = new Uint32Array(capacity);
  const measured = new Uint32Array(clients.length);
  let head = 0;
  let size = 0;
  let lastDueUs = startUs;

  function append(position: number, dueUs: number): void {
    if (size === capacity) throw new Error('an operation ended twice');
    lastDueUs = Math.max(lastDueUs, dueUs);
    const at = (head + size) % capacity;
    dues[at] = lastDueUs;
    positions[at] = position;
    size++;
  }

  function isOver(position: number, dueUs: number): boolean {
    if (dueUs >= measureEndUs) return true;
    return dueUs >= measureUs && (measured[position] ?? 0) >= calls;
  }

  function drop(): void {
    head = (head + 1) % capacity;
    size--;
  }

  for (const { offset, position } of turnsOf(clients, totalClients, seed)) {
    const dueUs = startUs + (pauseUs * offset) / totalClients;
    for (let i = 0; i < inFlight; i++) append(position, dueUs);
  }

  return {
    peekUs: () => {
      while (size > 0) {
        const dueUs = dues[head] ?? 0;
        if (!isOver(positions[head] ?? 0, dueUs)) return dueUs;
        drop();
      }
      return Number.POSITIVE_INFINITY;
    },
    take: () => {
      const position = positions[head] ?? 0;
      if ((dues[head] ?? 0) >= measureUs) measured[position] = (measured[position] ?? 0) + 1;
      drop();
      return position;
    },
    ended: (position, endedUs) => append(position, endedUs + pauseUs),
  };
}
