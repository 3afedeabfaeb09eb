import type { Command } from 'commander';
import { refuseUnfit } from '../deployment.ts';
import { describePlan, planText } from '../plan/describe.ts';
import { makePlan } from '../plan/plan.ts';
import { loadScenario } from '../read/scenario.ts';
import { setOption } from './set-option.ts';
import { print, printNotes } from './streams.ts';

interface PlanFlags {
  readonly set: readonly string[];
  readonly json?: true;
}

/** `busbench plan`: print what would happen, start nothing. */
export function registerPlan(program: Command): void {
  program
    .command('plan')
    .description('print what a run would do, without starting anything')
    .argument('[scenario]', 'a scenario file or the name of a ready-made one', 'quickstart')
    .addOption(setOption())
    .option('--json', 'print the plan as one JSON document')
    .action(planCommand);
}

async function planCommand(name: string, flags: PlanFlags): Promise<void> {
  const { scenario, notes } = await loadScenario(name, flags.set);
  printNotes(notes);
  await refuseUnfit(scenario);
  const description = await describePlan(makePlan(scenario));
  const text = flags.json ? `${JSON.stringify(description, null, 2)}\n` : planText(description);
  print(text);
}
