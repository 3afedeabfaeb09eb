import { readlinkSync, writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type AlarmMemory, CHANGES, CLOSED, PUBLISHED } from './alarm.ts';
import { nowUs } from './clock.ts';

/** Sleeps on behalf of one Alarm: this thread may block where the event loop may not. */
function sleepUntilClosed(memory: AlarmMemory): void {
  const { flags, due, sleeping } = memory;
  let rungAt = -1;
  for (;;) {
    const seen = Atomics.load(flags, CHANGES);
    if (Atomics.load(flags, CLOSED) === 1) return;
    const dueUs = due[0] ?? Number.POSITIVE_INFINITY;
    // One ring for each `set`: after it, nothing until the next.
    const untilUs = seen === rungAt ? Number.POSITIVE_INFINITY : dueUs;
    const restUs = untilUs - nowUs();
    if (restUs <= 0) {
      rungAt = seen;
      parentPort?.postMessage(null);
      continue;
    }
    sleeping[0] = untilUs;
    Atomics.store(flags, PUBLISHED, seen);
    Atomics.wait(flags, CHANGES, seen, restUs / 1e3);
  }
}

/** The kernel rounds sleeps up by 50 us for energy's sake; a thread may ask for 1 ns for itself, no root needed. */
function sharpenTimers(): void {
  try {
    const tid = readlinkSync('/proc/thread-self').split('/').at(-1);
    writeFileSync(`/proc/${tid}/timerslack_ns`, '1');
  } catch {
    // Not Linux, or /proc is restricted: 50 us later is still far better than setTimeout.
  }
}

sharpenTimers();
sleepUntilClosed(workerData as AlarmMemory);
