import type { Command } from 'commander';
import { print } from '../streams.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import type { Shell } from './shells.ts';
import { findWords, type Words } from './words.ts';
import { zshScript } from './zsh.ts';

const scripts: Readonly<Record<Shell, (words: Words) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `busbench completion`: a script that a shell sources. */
export async function completionCommand(shell: Shell, program: Command): Promise<void> {
  print(scripts[shell](await findWords(program)));
}
