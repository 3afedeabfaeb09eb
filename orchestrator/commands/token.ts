import type { Command } from 'commander';
import { newToken } from '../by-hand/token.ts';
import { print } from './streams.ts';

/** `busbench token`: the secret that agents and controller share. */
export function registerToken(program: Command): void {
  program
    .command('token')
    .description('print a new token for agents that are started by hand')
    .action(() => print(`${newToken()}\n`));
}
