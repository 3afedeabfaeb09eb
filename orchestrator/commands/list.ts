import * as readyMade from '../read/ready-made.ts';
import { print } from './streams.ts';

/** `busbench list`: the ready-made scenarios and sweeps. */
export async function listCommand(flags: { readonly json?: true }): Promise<void> {
  const scenarios = await readyMade.scenarios.list();
  const sweeps = await readyMade.sweeps.list();
  const width = Math.max(...[...scenarios, ...sweeps].map(({ name }) => name.length));
  const linesOf = (all: typeof scenarios): readonly string[] =>
    all.map(({ name, about }) => `${name.padEnd(width)}  ${about}`);
  const text = flags.json
    ? JSON.stringify({ scenarios, sweeps }, null, 2)
    : [
        'Scenarios (busbench run <name>)',
        ...linesOf(scenarios),
        '',
        'Sweeps (busbench sweep <name>)',
        ...linesOf(sweeps),
      ].join('\n');
  print(`${text}\n`);
}
