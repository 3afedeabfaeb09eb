import { refuseUnfit } from '../deployment.ts';
import { describePlan, planText } from '../plan/describe.ts';
import { makePlan } from '../plan/plan.ts';
import { loadScenario } from '../read/scenario.ts';
import { print, printNotes } from './streams.ts';

export interface PlanFlags {
  readonly set: readonly string[];
  readonly json?: true;
}

/** `busbench plan`: print what would happen, start nothing. */
export async function planCommand(name: string, flags: PlanFlags): Promise<void> {
  const { scenario, notes } = await loadScenario(name, flags.set);
  printNotes(notes);
  await refuseUnfit(scenario);
  const description = await describePlan(makePlan(scenario));
  const text = flags.json ? `${JSON.stringify(description, null, 2)}\n` : planText(description);
  print(text);
}
