import { type Mistake, ScenarioError } from '../../orchestrator/errors.ts';
import { parseScenario } from '../../orchestrator/read/scenario.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';

/** The resolved scenario of a text. */
export async function resolve(text: string, ...sets: string[]): Promise<ResolvedScenario> {
  return (await parseScenario(text, 'test.yaml', sets)).scenario;
}

/** The mistakes of a text; none when it parses. */
export async function mistakesOf(text: string, ...sets: string[]): Promise<readonly Mistake[]> {
  try {
    await parseScenario(text, 'test.yaml', sets);
  } catch (error) {
    if (error instanceof ScenarioError) return error.mistakes;
    throw error;
  }
  return [];
}

/** Nothing but what has no default. */
export const minimal: string = `schema: busbench/scenario/1
sites: [paris, lyon, nice]
bus: { type: zeromq }
`;
