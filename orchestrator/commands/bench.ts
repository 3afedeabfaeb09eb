import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecord } from '../../reports/read.ts';
import { UsageError } from '../errors.ts';
import { ask } from '../keeper/client.ts';
import { readState, refuseUnlike } from '../keeper/state.ts';
import { interruptible } from '../processes/interrupts.ts';
import { loadScenario } from '../read/scenario.ts';
import { toAbsolute } from './keeper-flags.ts';
import { showProgress } from './progress.ts';
import { tellResult } from './tell-result.ts';

export interface BenchFlags {
  readonly state: string;
  readonly output?: string;
  readonly set: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

/** `busbench bench`: one measurement on what `deploy` left standing. */
export async function benchCommand(name: string | undefined, flags: BenchFlags): Promise<void> {
  const directory = toAbsolute(flags.state);
  const { origin, deploymentKey } = await readState(directory);
  const reference = name ?? origin.reference;
  const sets = name === undefined ? [...origin.sets, ...flags.set] : flags.set;
  const { scenario, source } = await loadScenario(reference, sets);
  refuseUnlike(scenario, deploymentKey);
  const output = await outputFor(directory, flags.output, scenario.name);
  using progress = showProgress(scenario.name, flags.quiet ?? false);
  using interrupts = interruptible();
  await ask(
    directory,
    {
      type: 'bench',
      origin: { reference: toAbsolute(source.file), sets },
      output,
      commandLine: process.argv.slice(2),
    },
    progress.update,
    interrupts.stop,
  );
  progress[Symbol.dispose]();
  const record = await readRecord(output);
  tellResult(record, output, { json: flags.json ?? false, stop: interrupts.stop });
}

/** `results/1-tc1`, `results/2-tc1` ... below the state, or what the user named, which must be empty. */
async function outputFor(
  directory: string,
  wanted: string | undefined,
  name: string,
): Promise<string> {
  if (wanted === undefined) {
    const results = join(directory, 'results');
    await mkdir(results, { recursive: true });
    for (let number = (await readdir(results)).length + 1; ; number++) {
      const output = join(results, `${number}-${name}`);
      if (existsSync(output)) continue;
      await mkdir(output);
      return output;
    }
  }
  const output = toAbsolute(wanted);
  await mkdir(output, { recursive: true });
  if ((await readdir(output)).length === 0) return output;
  throw new UsageError(
    'OUTPUT_UNUSABLE',
    `cannot write results to ${output}: it is not empty`,
    'Name a new or an empty directory with -o.',
  );
}
