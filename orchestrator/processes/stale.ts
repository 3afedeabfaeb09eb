import { setTimeout as sleep } from 'node:timers/promises';
import { FabricError } from '../errors.ts';
import { isAlive, markedProcesses, type Owner, removeStaleDirectories } from './owner.ts';

const patienceMs = 5_000;

/**
 * Ends whatever runs that died have left in their namespaces, and with the last process the namespaces themselves go,
 * interfaces, rules and queues included; then removes their scratch directories. Resolves with the ids of those runs;
 * never touches a run whose process lives.
 */
export async function removeStale(): Promise<readonly string[]> {
  const ended = await endMarked((owner) => !isAlive(owner));
  return [...new Set([...ended, ...(await removeStaleDirectories())])];
}

/** Ends everything that a fabric of this process started, however far it has strayed from its process group. */
export async function endOwned({ pid, serial }: Owner): Promise<void> {
  await endMarked((owner) => owner.pid === pid && owner.serial === serial);
}

async function endMarked(chosen: (owner: Owner) => boolean): Promise<readonly string[]> {
  const runIds = new Set<string>();
  for (const deadline = performance.now() + patienceMs; ; await sleep(20)) {
    const left = markedProcesses().filter(({ owner }) => chosen(owner));
    if (left.length === 0) return [...runIds];
    if (performance.now() > deadline) {
      throw new FabricError(
        'NAMESPACES_NOT_REMOVED',
        `processes ${left.map(({ pid }) => pid).join(', ')} of ${left[0]?.owner.runId} live on ${patienceMs} ms after kill -9`,
        'A process that waits for a disk or a debugger cannot be killed; look at its state with ps.',
      );
    }
    for (const { pid, owner } of left) {
      runIds.add(owner.runId);
      kill(pid);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
