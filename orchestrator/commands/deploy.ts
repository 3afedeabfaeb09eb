import { refuseUnavailable } from '../deployment.ts';
import { startKeeper } from '../keeper/client.ts';
import { claimState, readState } from '../keeper/state.ts';
import { quietProgress } from '../observer.ts';
import { interruptible } from '../processes/interrupts.ts';
import { temporaryFolder } from '../processes/owner.ts';
import { loadScenario } from '../read/scenario.ts';
import { toAbsolute } from './keeper-flags.ts';
import { showProgress } from './progress.ts';
import { print, printNotes } from './streams.ts';

export interface DeployFlags {
  readonly state: string;
  readonly set: readonly string[];
  readonly quiet?: true;
}

/** `busbench deploy`: fabric and bus of a scenario, to be benched many times. */
export async function deployCommand(name: string, flags: DeployFlags): Promise<void> {
  const { scenario, source, notes } = await loadScenario(name, flags.set);
  printNotes(notes);
  await refuseUnavailable(scenario);
  const directory = toAbsolute(flags.state);
  temporaryFolder();
  await claimState(directory);
  using progress = showProgress(scenario.name, flags.quiet ?? false);
  using interrupts = interruptible();
  const origin = { reference: toAbsolute(source.file), sets: flags.set };
  const onStep = (step: string): void => progress.update({ ...quietProgress, step });
  await startKeeper(directory, origin, onStep, interrupts.stop);
  progress[Symbol.dispose]();
  const { owner } = await readState(directory);
  print(
    `${scenario.name} is deployed, kept by process ${owner.pid}; state in ${directory}\n` +
      `  busbench bench --state ${flags.state} [--set path=value]\n` +
      `  busbench destroy --state ${flags.state}\n`,
  );
}
