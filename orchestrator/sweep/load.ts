import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Settings } from '../../reports/sweep/sweep.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { refuseUnavailable } from '../deployment.ts';
import { UsageError } from '../errors.ts';
import { sweeps } from '../read/ready-made.ts';
import { expandSettings } from './expand.ts';
import { makePoints, type Point, type PointBase } from './points.ts';
import { parseSweep, type SearchSpec, type SweepSpec } from './spec.ts';

/** A sweep that is known to make sense, every point resolved. */
export interface LoadedSweep {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly spec: SweepSpec;
  readonly base: PointBase;
  /** In the order of the file. Of a search: the lowest point of each, from which it starts. */
  readonly points: readonly Point[];
}

/**
 * Reads a sweep file, or a ready-made sweep by its name, and resolves all its points. Rejects with a ScenarioError
 * that lists every mistake of the file, or of every point; with a UsageError when there is no such file.
 */
export async function loadSweep(nameOrFile: string): Promise<LoadedSweep> {
  const { file, text } = await sweeps.read(nameOrFile);
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
      points: await makePoints(base, settings, spec.repeat, { file, placeOf: spec.placeOf }),
    };
  }
  // Both ends must make sense; what lies between them then does too.
  const { search } = spec;
  const ends = settings.flatMap((each) => [
    { ...each, ...along(search, search.from) },
    { ...each, ...along(search, search.to) },
  ]);
  const points = await makePoints(base, ends, 1, { file, placeOf: spec.placeOf });
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
