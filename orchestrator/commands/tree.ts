import { Command } from 'commander';
import { busbenchVersion } from '../processes/program.ts';
import { addByHandCommands } from './tree-by-hand.ts';
import { addDeploymentCommands } from './tree-deployment.ts';
import { addMachineCommands } from './tree-machine.ts';
import { addMeasuringCommands } from './tree-measuring.ts';

/**
 * The whole command line: what there is to say and what it means. What a command does is loaded once it is called, so
 * that help and completion load nothing of it.
 */
export function makeProgram(): Command {
  const program = new Command('busbench')
    .description('Benchmark RPC over message buses across sites, under WAN delay.')
    .version(busbenchVersion())
    .exitOverride()
    .showHelpAfterError('(busbench help shows all commands)')
    .addHelpText('after', '\nbusbench help <command> has examples and exit codes.');
  addMeasuringCommands(program);
  addDeploymentCommands(program);
  addMachineCommands(program);
  addByHandCommands(program);
  return program;
}
