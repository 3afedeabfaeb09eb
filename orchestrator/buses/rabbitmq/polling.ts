import { BusError } from '../../errors.ts';
import { sleep } from '../../processes/waiting.ts';

/** What is waited for, how often to look and how long at most. */
export interface Patience {
  readonly what: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly hint: string;
}

/**
 * Looks until `look` says null (done); anything else is what is still missing, and becomes part of the
 * RABBITMQ_NOT_READY that ends the wait when time is up.
 */
export async function waitUntil(
  look: () => Promise<string | null>,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + patience.timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const missing = await look();
    if (missing === null) return;
    if (performance.now() > deadline) {
      throw new BusError(
        'RABBITMQ_NOT_READY',
        `${patience.what}: not within ${patience.timeoutMs / 1000} s; ${missing}`,
        patience.hint,
      );
    }
    await sleep(patience.everyMs, signal);
  }
}
