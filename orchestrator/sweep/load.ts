import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Settings } from '../../reports/campaign/campaign.ts';
import { nearName } from '../../topologies/near-name.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { refuseUnavailable } from '../deployment.ts';
import { UsageError } from '../errors.ts';
import { projectRoot } from '../program.ts';
import { expandSettings } from './expand.ts';
import { makePoints, type Point, type PointBase } from './points.ts';
import { parseSweep, type SearchSpec, type SweepSpec } from './spec.ts';

/** A campaign that is known to make sense, every point resolved. */
export interface LoadedSweep {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly spec: SweepSpec;
  readonly base: PointBase;
  /** In the order of the file. Of a search: the lowest point of each, from which it starts. */
  readonly points: readonly Point[];
}

/** Folder of the ready-made sweeps. */
const readyMade: string = join(projectRoot, 'topologies', 'sweeps');

/** Names of the ready-made sweeps with the first comment line of their files, in order. */
export async function readyMadeSweeps(): Promise<
  readonly { readonly name: string; readonly about: string }[]
> {
  const names = await readyMadeNames();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(readyMade, `${name}.yaml`), 'utf8');
      return { name, about: /^# ?(.*)$/m.exec(text)?.[1] ?? '' };
    }),
  );
}

/**
 * Reads a sweep file, or a ready-made sweep by its name, and resolves all its points. Rejects with a ScenarioError
 * that lists every mistake of the file, or of every point; with a UsageError when there is no such file.
 */
export async function loadSweep(nameOrFile: string): Promise<LoadedSweep> {
  const { file, text } = await readSource(nameOrFile);
  const spec = parseSweep(text, file);
  const beside = resolve(dirname(file), spec.scenario);
  const reference = existsSync(beside) && statSync(beside).isFile() ? beside : spec.scenario;
  const base = { reference, set: spec.set };
  const settings = expandSettings(spec);
  const name = basename(file).replace(/\.ya?ml$/, '');
  if (spec.search === null) {
    return {
      name,
      spec,
      base,
      points: await makePoints(base, settings, spec.repeat, file),
    };
  }
  // Both ends must make sense; what lies between them then does too.
  const { search } = spec;
  const ends = settings.flatMap((each) => [
    { ...each, ...along(search, search.from) },
    { ...each, ...along(search, search.to) },
  ]);
  const points = await makePoints(base, ends, 1, file);
  return { name, spec, base, points: points.filter((_, i) => i % 2 === 0) };
}

/** The setting of one value that a search chose. */
export function along({ along: path, unit }: SearchSpec, value: number): Settings {
  return { [path]: unit === '' ? value : `${value}${unit}` };
}

/** Rejects with NOT_AVAILABLE, before anything is started, when this machine lacks what any of the points needs. */
export async function refuseUnavailablePoints(points: readonly Point[]): Promise<void> {
  const [lacking] = (await unavailable(points)).values();
  if (lacking) throw lacking;
}

/** The sweep without the points that this machine cannot run; tells of each thing it lacks. */
export async function onlyAvailable(
  loaded: LoadedSweep,
  onLacking: (error: UsageError) => void,
): Promise<LoadedSweep> {
  const lacking = await unavailable(loaded.points);
  for (const error of lacking.values()) onLacking(error);
  const points = loaded.points.filter(({ scenario }) => !lacking.has(needsOf(scenario)));
  return { ...loaded, points };
}

/** By what is needed: why this machine has it not. */
async function unavailable(points: readonly Point[]): Promise<ReadonlyMap<string, UsageError>> {
  const distinct = new Map(points.map(({ scenario }) => [needsOf(scenario), scenario]));
  const lacking = new Map<string, UsageError>();
  for (const [needs, scenario] of distinct) {
    try {
      await refuseUnavailable(scenario);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      lacking.set(needs, error);
    }
  }
  return lacking;
}

function needsOf({ fabric, bus }: ResolvedScenario): string {
  return JSON.stringify({ fabric, bus });
}

async function readyMadeNames(): Promise<readonly string[]> {
  const files = await readdir(readyMade);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

async function readSource(
  nameOrFile: string,
): Promise<{ readonly file: string; readonly text: string }> {
  const names = await readyMadeNames();
  const file = names.includes(nameOrFile) ? join(readyMade, `${nameOrFile}.yaml`) : nameOrFile;
  try {
    return { file, text: await readFile(file, 'utf8') };
  } catch (cause) {
    const near = nearName(nameOrFile, names);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      'SWEEP_UNREADABLE',
      `cannot read the sweep ${JSON.stringify(nameOrFile)}: ${reason}`,
      near === null
        ? `Give a file, or a ready-made name: ${names.join(', ')}.`
        : `Did you mean ${near}? \`busbench list\` shows the ready-made names.`,
      { cause },
    );
  }
}
