import type { Command } from 'commander';

/** What every exit code means, as docs/contract.md, section 1, has it. */
const meanings = {
  0: 'ok',
  1: 'an expectation or a regression limit was missed',
  2: 'bad input; nothing was started',
  3: 'it failed: infrastructure, or a bug of ours',
  4: 'measured, but not to be trusted',
  130: 'interrupted, torn down cleanly',
} as const;

type ExitCode = keyof typeof meanings;

/** What a command that measures may end with. */
export const measuringCodes: readonly ExitCode[] = [0, 1, 2, 3, 4, 130];

/** Puts examples, each a command line without `busbench`, and the exit codes of a command below its help. */
export function closeHelp(
  command: Command,
  examples: readonly string[],
  codes: readonly ExitCode[],
): Command {
  const lines = [
    '',
    'Examples:',
    ...examples.map((example) => `  busbench ${example}`),
    '',
    'Exit codes:',
    ...codes.map((code) => `  ${String(code).padEnd(5)}${meanings[code]}`),
  ];
  return command.addHelpText('after', lines.join('\n'));
}
