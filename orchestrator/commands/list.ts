import type { Command } from 'commander';
import { readyMadeScenarios } from '../scenario.ts';

/** `busbench list`: the ready-made scenarios. */
export function registerList(program: Command): void {
  program
    .command('list')
    .description('show the ready-made scenarios')
    .option('--json', 'print them as one JSON document')
    .action(listCommand);
}

async function listCommand(flags: { readonly json?: true }): Promise<void> {
  const scenarios = await readyMadeScenarios();
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const text = flags.json
    ? JSON.stringify(scenarios, null, 2)
    : scenarios.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join('\n');
  process.stdout.write(`${text}\n`);
}
