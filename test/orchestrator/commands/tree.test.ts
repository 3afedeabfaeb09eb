import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { makeProgram } from '../../../orchestrator/commands/tree.ts';
import { understand } from '../../helpers/command-line.ts';

const commands = makeProgram().commands.map((command) => [command.name(), command] as const);

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

describe('the help of every command', () => {
  it.each(commands)('%s has examples that are understood', async (name, command) => {
    const [, examples = ''] = /\nExamples:\n((?: {2}.*\n)+)/.exec(helpOf(command)) ?? [];
    const lines = examples.trim().split('\n');
    for (const line of lines) {
      expect(line.trim()).toMatch(new RegExp(`^busbench ${name}( |$)`));
      await understand(line.trim().replace(/^busbench /, ''));
    }
  });

  it.each(commands)('%s says what each exit code means', (_, command) => {
    const [, codes = ''] = /\nExit codes:\n((?: {2}\d.*\n)+)/.exec(helpOf(command)) ?? [];
    expect(codes).toMatch(/^ {2}0 +ok\n/);
    expect(codes).toMatch(/^ {2}2 +bad input/m);
  });
});

it('a command line that is not understood is refused', async () => {
  await expect(understand('run --no-such-flag')).rejects.toThrow(/unknown option/);
  await expect(understand('measure')).rejects.toThrow(/unknown command/);
  await expect(understand('report --format pdf results')).rejects.toThrow(/expected one or more/);
  await expect(understand('compare results/a')).rejects.toThrow(/--with/);
});
