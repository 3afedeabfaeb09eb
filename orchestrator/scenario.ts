import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nearName } from '../topologies/near-name.ts';
import type { ResolvedScenario } from '../topologies/scenario.ts';
import { type Mistake, ScenarioError, UsageError } from './errors.ts';
import { projectRoot } from './program.ts';
import { readDocument } from './scenario/document.ts';
import { Findings } from './scenario/findings.ts';
import { mendShape } from './scenario/mend.ts';
import { resolveShape } from './scenario/resolve.ts';

export { scenarioYaml } from './scenario/notation.ts';
export { scenarioJsonSchema } from './scenario/scenario-shape.ts';

export interface LoadedScenario {
  readonly scenario: ResolvedScenario;
  readonly source: ScenarioSource;
}

/** Where a scenario came from: the file and its text, before any `--set`. */
interface ScenarioSource {
  readonly file: string;
  readonly text: string;
}

/** Folder of the ready-made scenarios. */
const readyMade: string = join(projectRoot, 'topologies');

/**
 * Reads a scenario file, or a ready-made scenario by its name, and lays `path=value` overrides over it.
 * Rejects with a `ScenarioError` that lists every mistake, or a `UsageError` when there is no such file.
 */
export async function loadScenario(
  nameOrFile: string,
  sets: readonly string[],
): Promise<LoadedScenario> {
  const source = await readSource(nameOrFile);
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

/** Names of the ready-made scenarios with the first comment line of their files, in order. */
export async function readyMadeScenarios(): Promise<
  readonly { readonly name: string; readonly about: string }[]
> {
  const names = await readyMadeNames();
  return await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(readyMade, `${name}.yaml`), 'utf8');
      const [, about] = /^# ?(.*)$/m.exec(text) ?? [];
      return { name, about: about ?? '' };
    }),
  );
}

async function readyMadeNames(): Promise<readonly string[]> {
  const files = await readdir(readyMade);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

async function readSource(nameOrFile: string): Promise<ScenarioSource> {
  const names = await readyMadeNames();
  const file = names.includes(nameOrFile) ? join(readyMade, `${nameOrFile}.yaml`) : nameOrFile;
  try {
    return { file, text: await readFile(file, 'utf8') };
  } catch (cause) {
    const near = nearName(nameOrFile, names);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      'SCENARIO_UNREADABLE',
      `cannot read the scenario ${JSON.stringify(nameOrFile)}: ${reason}`,
      near === null
        ? `Give a file, or a ready-made name: ${names.join(', ')}.`
        : `Did you mean ${near}? \`busbench list\` shows the ready-made names.`,
      { cause },
    );
  }
}

function inOrder(mistakes: readonly Mistake[]): readonly Mistake[] {
  return [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column);
}
