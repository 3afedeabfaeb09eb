import { writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/**
 * Puts this process before others on a machine short of CPU, for the network must not be what suffers. Needs root;
 * threads made later inherit it. Returns the nice value that it now has.
 */
export function raisePriority(): number {
  const { PRIORITY_HIGHEST } = constants.priority;
  try {
    setPriority(PRIORITY_HIGHEST);
    // Where sessions share a machine in equal parts (sched(7), autogroup), nice ranks within a session only, and
    // every process that we start leads one of its own.
    writeFileSync('/proc/self/autogroup', String(PRIORITY_HIGHEST));
  } catch {
    // Not allowed, or a kernel without autogroups: what was measured tells whether it mattered.
  }
  return getPriority();
}
