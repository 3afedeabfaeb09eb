import { setMaxListeners } from 'node:events';
import { setTimeout as sleepFor } from 'node:timers/promises';
import pTimeout from 'p-timeout';

/** Sleeps; rejects with the signal's reason when aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await sleepFor(Math.max(0, ms), undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Settles like `promise`, unless `ms` pass (rejects with `late()`) or the signal is aborted (rejects with its reason).
 * The promise itself goes on: only the waiting ends.
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  late: () => Error,
  signal: AbortSignal,
): Promise<T> {
  // Many waits may share one signal, each for a moment; that is no leak.
  setMaxListeners(0, signal);
  const fallback = (): never => {
    throw late();
  };
  return await pTimeout(promise, { milliseconds: Math.max(1, ms), fallback, signal });
}
