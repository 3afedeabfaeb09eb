import { basename } from 'node:path';
import { stringify } from 'yaml';
import { readWithRecovery } from '../../topologies/language/error-recovery.ts';
import { resolveScenario } from '../../topologies/resolve.ts';
import {
  type ResolvedScenario,
  scenarioNotation,
  type WrittenScenario,
  writtenScenario,
} from '../../topologies/scenario.ts';
import { inOrder, ScenarioError } from '../errors.ts';
import { makePlan } from '../plan/plan.ts';
import { withBodyRows } from './body-file.ts';
import { readDocument } from './document.ts';
import { withInventory } from './inventory.ts';
import { type Source, scenarios } from './ready-made.ts';
import { collectRefusals } from './refusals.ts';

export interface LoadedScenario {
  readonly scenario: ResolvedScenario;
  /** Where it came from: the file and its text, before any `--set`. */
  readonly source: Source;
  /** Sentences for the user: what of an inventory was not taken as it stands. */
  readonly notes: readonly string[];
}

/** What stands in, so that the rest can be looked at, for what has no default and was not given. */
const standIns = {
  schema: 'busbench/scenario/1',
  sites: ['site'],
  bus: { type: 'memory' },
};

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
  const placed = await withInventory(document.value, file);
  const body = await withBodyRows(placed.value, file);
  const { value, findings } = readWithRecovery<WrittenScenario>(
    writtenScenario,
    body.value,
    standIns,
  );
  if (placed.problem !== null) findings.add(['inventory'], placed.problem);
  if (body.problem !== null) findings.add(['workload', 'body', 'file'], body.problem);
  let scenario: ResolvedScenario | null = null;
  if (value !== null) {
    const surroundings = { name: nameOf(file), agentNames };
    const resolved = resolveScenario(value, surroundings, findings);
    await collectRefusals(resolved.scenario, resolved.links, value.faults, findings);
    scenario = resolved.scenario;
  }
  const mistakes = [
    ...document.mistakes,
    ...findings.found.map(({ path, message, at }) => document.mistakeAt(path, message, at)),
  ];
  if (mistakes.length > 0 || scenario === null) {
    throw new ScenarioError(file, inOrder(mistakes));
  }
  return { scenario, source: { file, text }, notes: placed.notes };
}

/** The scenario as YAML with every default filled in; parsing it gives an equal scenario again. */
export function scenarioYaml(scenario: ResolvedScenario): string {
  const plain = scenarioNotation(scenario);
  return stringify(plain, { lineWidth: 0, aliasDuplicateObjects: false });
}

function agentNames(scenario: ResolvedScenario): readonly string[] {
  return makePlan(scenario).processes.map((process) => process.name);
}

function nameOf(file: string): string {
  const stem = basename(file).replace(/\.ya?ml$/i, '');
  const safe = stem.replace(/[^A-Za-z0-9 ._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return safe.slice(0, 100) || 'scenario';
}
