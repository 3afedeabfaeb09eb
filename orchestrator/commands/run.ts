import { writeRecord } from '../../reports/write.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { busDeployer } from '../buses/registry.ts';
import { interruptible } from '../processes/interrupts.ts';
import { loadScenario, scenarioYaml } from '../read/scenario.ts';
import { run } from '../run.ts';
import { makeDirectories } from '../run-directories.ts';
import { serveMetrics } from './live-metrics.ts';
import type { MetricsAddress } from './metrics-address.ts';
import { showProgress } from './progress.ts';
import { printNotes } from './streams.ts';
import { tellResult } from './tell-result.ts';

export interface RunFlags {
  readonly output?: string;
  readonly set: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
  readonly keep?: true;
  readonly metrics?: MetricsAddress;
}

/** `busbench run`: deploy, measure, collect, report, tear down. */
export async function runCommand(name: string, flags: RunFlags): Promise<void> {
  const { scenario, notes } = await loadScenario(name, flags.set);
  printNotes(notes);
  await sayForeseen(scenario);
  await using directories = await makeDirectories(scenario.name, flags.output, flags.keep ?? false);
  await using metrics = flags.metrics ? await serveMetrics(flags.metrics, scenario) : null;
  using progress = showProgress(scenario.name, flags.quiet ?? false);
  using interrupts = interruptible();
  const record = await run(scenario, {
    context: directories,
    commandLine: process.argv.slice(2),
    onProgress: (now) => {
      progress.update(now);
      metrics?.update(now);
    },
    stop: interrupts.stop,
  });
  await writeRecord(directories.results, record, scenarioYaml(record.result.scenario));
  progress[Symbol.dispose]();
  tellResult(record, directories.results, { json: flags.json ?? false, stop: interrupts.stop });
  if (flags.keep) process.stderr.write(`scratch kept in ${directories.scratch}\n`);
}

/** What is known beforehand is said before anything starts, whatever is quiet. */
async function sayForeseen(scenario: ResolvedScenario): Promise<void> {
  const deployer = await busDeployer(scenario.bus.type);
  for (const sentence of (await deployer.foreseen?.(scenario)) ?? []) {
    process.stderr.write(`busbench: known beforehand: ${sentence}\n`);
  }
}
