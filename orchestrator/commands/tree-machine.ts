import { Argument, type Command } from 'commander';
import { type SchemaName, schemaNames } from '../schema-names.ts';
import type { CheckFlags } from './check.ts';
import { type Shell, shells } from './completion/shells.ts';
import { closeHelp } from './help.ts';
import { hostsOption } from './shared-options.ts';

/** check, list, schema and completion: what there is. */
export function addMachineCommands(program: Command): void {
  const check = program
    .command('check')
    .description('what this machine can do: brokers, fabrics, limits')
    .option('--json', 'as one JSON document')
    .addOption(hostsOption('look instead at the machines of a scenario, and what each lacks'))
    .action(async (flags: CheckFlags) => {
      await (await import('./check.ts')).checkCommand(flags);
    });
  closeHelp(check, ['check', 'check --json'], [0, 2, 3]);

  const list = program
    .command('list')
    .description('show the ready-made scenarios and sweeps')
    .option('--json', 'print them as one JSON document')
    .action(async (flags: { readonly json?: true }) => {
      await (await import('./list.ts')).listCommand(flags);
    });
  closeHelp(list, ['list', 'list --json'], [0, 2, 3]);

  const schema = program
    .command('schema')
    .description('print the JSON Schema of a format, for editors')
    .addArgument(new Argument('<format>', 'the format').choices(schemaNames))
    .action(async (format: SchemaName) => {
      (await import('./schema.ts')).schemaCommand(format);
    });
  closeHelp(schema, ['schema scenario > scenario.schema.json'], [0, 2, 3]);

  const completion = program
    .command('completion')
    .description('print a script that completes busbench in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action(async (shell: Shell) => {
      await (await import('./completion/command.ts')).completionCommand(shell, program);
    });
  const examples = [
    'completion bash > ~/.local/share/bash-completion/completions/busbench',
    'completion zsh > ~/.zfunc/_busbench',
    'completion fish > ~/.config/fish/completions/busbench.fish',
  ];
  closeHelp(completion, examples, [0, 2, 3]);
}
