import { execa } from 'execa';
import { programPath } from '../processes/program.ts';
import type { Host } from './host.ts';

/** A machine that is looked at before anything of a run is started there: this one, or one that a fabric has reached. */
export interface Premises {
  readonly program: Host['program'];
  /** Output of a command there, with these variables besides the usual ones; rejects where it fails. */
  run(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
}

const lookMs = 30_000;

/** This machine. */
export const here: Premises = {
  program: (name, ...nodeFlags) => [process.execPath, ...nodeFlags, programPath(name)],
  async run([file = '', ...args], env = {}) {
    return (await execa(file, args, { timeout: lookMs, env })).stdout;
  },
};

/** A host of a fabric; what its commands complain of goes to the log. */
export function premisesOf(host: Host, logFile: string): Premises {
  return {
    program: host.program,
    run: (command, env = {}) =>
      host.run(command, { stdio: 'pipe', logFile, env, timeoutMs: lookMs }),
  };
}
