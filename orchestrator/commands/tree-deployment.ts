import { Argument, type Command, Option } from 'commander';
import type { BackupFlags } from './backup.ts';
import type { BenchFlags } from './bench.ts';
import type { DeployFlags } from './deploy.ts';
import type { DestroyFlags } from './destroy.ts';
import { closeHelp, measuringCodes } from './help.ts';
import {
  directoryOption,
  hostsOption,
  scenarioArgument,
  setOption,
  stateOption,
} from './shared-options.ts';
import { suggest } from './suggest.ts';

/** deploy, bench, backup and destroy: deploy once, bench many times. */
export function addDeploymentCommands(program: Command): void {
  addDeploy(program);
  addBench(program);
  addBackup(program);
  addDestroy(program);
}

function addDeploy(program: Command): void {
  const command = program
    .command('deploy')
    .description('deploy fabric and bus of a scenario, and leave them standing for bench')
    .addArgument(scenarioArgument())
    .addOption(stateOption('keeps the deployment, its logs and the results'))
    .addOption(setOption())
    .option('--quiet', 'no progress on stderr')
    .action(async (name: string, flags: DeployFlags) => {
      await (await import('./deploy.ts')).deployCommand(name, flags);
    });
  closeHelp(command, ['deploy rabbitmq-cluster', 'deploy my.yaml --state mine'], [0, 2, 3, 130]);
}

function addBench(program: Command): void {
  const text = 'another load for the same bus (default: the scenario as deployed)';
  const command = program
    .command('bench')
    .description('measure once on what deploy left standing')
    .addArgument(suggest(new Argument('[scenario]', text), 'scenario'))
    .addOption(stateOption('of the deployment'))
    .addOption(directoryOption('result directory, new or empty (default below the state)'))
    .addOption(setOption())
    .option('--json', 'print the result as one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (name: string | undefined, flags: BenchFlags) => {
      await (await import('./bench.ts')).benchCommand(name, flags);
    });
  const examples = ['bench', 'bench --state mine --set workload.pace.rate=500/s'];
  closeHelp(command, examples, measuringCodes);
}

function addBackup(program: Command): void {
  const output = new Option('-o, --output <file>', 'the tarball (default <state>-<time>.tar.gz)');
  const command = program
    .command('backup')
    .description('one tarball of results, logs, configurations and counters')
    .addOption(stateOption('of the deployment'))
    .addOption(suggest(output, 'file'))
    .action(async (flags: BackupFlags) => {
      await (await import('./backup.ts')).backupCommand(flags);
    });
  closeHelp(command, ['backup', 'backup --state mine -o mine.tar.gz'], [0, 2, 3]);
}

function addDestroy(program: Command): void {
  const command = program
    .command('destroy')
    .description('remove a deployment, even after a crash; results and logs stay')
    .addOption(stateOption('of the deployment'))
    .option('--stale', 'remove instead what dead runs of busbench left on this machine')
    .addOption(hostsOption('remove instead what dead runs left on the machines of a scenario'))
    .action(async (flags: DestroyFlags) => {
      await (await import('./destroy.ts')).destroyCommand(flags);
    });
  closeHelp(command, ['destroy', 'destroy --stale'], [0, 2, 3]);
}
