import { interruptible } from '../processes/interrupts.ts';
import { failureOf, Keeper } from './keeper.ts';
import type { DeployReport } from './protocol.ts';

/*
 * The process behind `busbench deploy`: keeper-main <state directory> <scenario> [<path=value>...]. It reports to the
 * command that started it until the deployment stands, then belongs to nobody and ends by `destroy` or a signal.
 */

const [directory = '', reference = '', ...sets] = process.argv.slice(2);

function report(message: DeployReport): void {
  if (process.connected) process.send?.(message);
}

async function main(): Promise<void> {
  using interrupts = interruptible();
  const orphaned = new AbortController();
  const onOrphaned = (): void => orphaned.abort(new Error('deploy went away'));
  process.once('disconnect', onOrphaned);
  const stop = AbortSignal.any([interrupts.stop, orphaned.signal]);
  let keeper: Keeper;
  try {
    keeper = await Keeper.start(
      directory,
      { reference, sets },
      (step) => report({ type: 'step', step }),
      stop,
    );
  } catch (error) {
    report({ type: 'failed', failure: failureOf(error) });
    throw error;
  }
  await using _standing = keeper;
  process.off('disconnect', onOrphaned);
  report({ type: 'ready' });
  if (process.connected) process.disconnect();
  const signalled = new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([keeper.asked(), signalled]);
}

await main();
