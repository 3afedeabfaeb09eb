import type { ResolvedScenario } from '../topologies/scenario.ts';
import { type Mistake, ScenarioError } from './errors.ts';
import { type Source, scenarios } from './ready-made.ts';
import { readDocument } from './scenario/document.ts';
import { Findings } from './scenario/findings.ts';
import { mendShape } from './scenario/mend.ts';
import { resolveShape } from './scenario/resolve.ts';

export { scenarioYaml } from './scenario/notation.ts';
export { scenarioJsonSchema } from './scenario/scenario-shape.ts';

export interface LoadedScenario {
  readonly scenario: ResolvedScenario;
  /** Where it came from: the file and its text, before any `--set`. */
  readonly source: Source;
}

/**
 * Reads a scenario file, or a ready-made scenario by its name, and lays `path=value` overrides over it.
 * Rejects with a `ScenarioError` that lists every mistake, or a `UsageError` when there is no such file.
 */
export async function loadScenario(
  nameOrFile: string,
  sets: readonly string[],
): Promise<LoadedScenario> {
  const source = await scenarios.read(nameOrFile);
  return await parseScenario(source.text, source.file, sets);
}

/** Parses scenario YAML; `file` names it in messages and anchors relative paths. Rejects with a `ScenarioError`. */
export async function parseScenario(
  text: string,
  file: string,
  sets: readonly string[],
): Promise<LoadedScenario> {
  const document = readDocument(text, sets);
  if (!document.readable) throw new ScenarioError(file, inOrder(document.mistakes));
  const mended = mendShape(document.value);
  const findings = new Findings();
  for (const path of mended.tainted) findings.taint(path);
  for (const issue of mended.issues) findings.report(issue);
  const scenario = mended.value === null ? null : await resolveShape(mended.value, file, findings);
  const mistakes = [
    ...document.mistakes,
    ...findings.found.map(({ path, message, at }) => document.mistakeAt(path, message, at)),
  ];
  if (mistakes.length > 0 || scenario === null) {
    throw new ScenarioError(file, inOrder(mistakes));
  }
  return { scenario, source: { file, text } };
}

function inOrder(mistakes: readonly Mistake[]): readonly Mistake[] {
  return [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column);
}
