import type { Command } from 'commander';
import { makeProgram } from '../../orchestrator/commands/tree.ts';

/** The whole command line, with nothing printed on bad input. */
export function quietProgram(): Command {
  const program = makeProgram();
  for (const command of [program, ...program.commands])
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  return program;
}

/** Reads a command line without `busbench` and does nothing; throws commander's error when it is not understood. */
export async function understand(line: string): Promise<void> {
  const program = quietProgram();
  for (const command of program.commands) command.action(() => {});
  const [words = ''] = line.split(/\s(?:\||>|&&)|;/);
  const args = [...words.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
  await program.parseAsync(args, { from: 'user' });
}
