import { newToken } from '../by-hand/token.ts';
import { print } from './streams.ts';

/** `busbench token`: the secret that agents and controller share. */
export function tokenCommand(): void {
  print(`${newToken()}\n`);
}
