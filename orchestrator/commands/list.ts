import { alignColumns } from '../../reports/renderers/text-table.ts';
import * as readyMade from '../read/ready-made.ts';
import { print } from './streams.ts';

/** `busbench list`: the ready-made scenarios and sweeps. */
export async function listCommand(flags: { readonly json?: true }): Promise<void> {
  const scenarios = await readyMade.scenarios.list();
  const sweeps = await readyMade.sweeps.list();
  const lines = alignColumns([...scenarios, ...sweeps].map(({ name, about }) => [name, about]));
  const text = flags.json
    ? JSON.stringify({ scenarios, sweeps }, null, 2)
    : [
        'Scenarios (busbench run <name>)',
        ...lines.slice(0, scenarios.length),
        '',
        'Sweeps (busbench sweep <name>)',
        ...lines.slice(scenarios.length),
      ].join('\n');
  print(`${text}\n`);
}
