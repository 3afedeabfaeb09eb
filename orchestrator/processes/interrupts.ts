import { BenchError } from '../errors.ts';

/** What waiting code is stopped with when the user (or the system) ends the run. */
export class InterruptedError extends BenchError {
  constructor(signal: string) {
    super('usage', 'INTERRUPTED', `stopped by ${signal}`, 'Everything was removed.');
  }
}

/** The exit code of an interrupted run, whatever else became of it (docs/contract.md, section 1). */
export const exitInterrupted = 130;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts `stop`: what was measured is kept, everything is torn down.
 * Further ones are answered with a line on stderr, for teardown must not be cut short: it is bounded in time.
 */
export function interruptible(): Disposable & { readonly stop: AbortSignal } {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      process.stderr.write(`\nbusbench: still removing what was started; ${signal} noted\n`);
      return;
    }
    process.stderr.write(`\nbusbench: ${signal}: stopping, keeping what was measured\n`);
    controller.abort(new InterruptedError(signal));
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    stop: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
