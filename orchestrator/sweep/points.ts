import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { type BenchError, ScenarioError } from '../errors.ts';
import { loadScenario } from '../scenario.ts';
import { asSets } from './expand.ts';
import { pointId } from './journal.ts';
import type { Settings, SweepSpec } from './spec.ts';

/** One measurement of a campaign. */
export interface Point {
  readonly id: string;
  readonly settings: Settings;
  /** From 1. */
  readonly repetition: number;
  readonly scenario: ResolvedScenario;
}

/** A sweep's `scenario:` is a ready-made name, or a file beside the sweep's own. */
export function scenarioReference(spec: SweepSpec, sweepFile: string): string {
  const beside = resolve(dirname(sweepFile), spec.scenario);
  return existsSync(beside) ? beside : spec.scenario;
}

/** Resolves one point; throws a ScenarioError that names its settings. */
export async function makePoint(
  reference: string,
  settings: Settings,
  repetition: number,
): Promise<Point> {
  const { scenario } = await loadScenario(reference, asSets(settings));
  return { id: pointId(scenario, repetition), settings, repetition, scenario };
}

/** Resolves every point of a list; throws one ScenarioError with the mistakes of all of them. */
export async function makePoints(
  reference: string,
  all: readonly Settings[],
  repeat: number,
  sweepFile: string,
): Promise<readonly Point[]> {
  const points: Point[] = [];
  const mistakes = new Map<string, ScenarioError['mistakes'][number]>();
  for (const settings of all) {
    try {
      for (let repetition = 1; repetition <= repeat; repetition++) {
        points.push(await makePoint(reference, settings, repetition));
      }
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      for (const mistake of error.mistakes)
        mistakes.set(`${mistake.path} ${mistake.message}`, mistake);
    }
  }
  if (mistakes.size > 0)
    throw new ScenarioError(`${reference} (as varied by ${sweepFile})`, [...mistakes.values()]);
  const seen = new Map<string, Point>();
  for (const point of points) {
    const twin = seen.get(point.id);
    if (twin) throw sameTwice(point, sweepFile);
    seen.set(point.id, point);
  }
  return points;
}

function sameTwice(point: Point, sweepFile: string): BenchError {
  return new ScenarioError(sweepFile, [
    {
      path: '',
      line: 0,
      column: 0,
      message: `two points resolve to the same scenario: ${describeSettings(point.settings)}`,
    },
  ]);
}

/** `clients.count=10 bus.type="router"`. */
export function describeSettings(settings: Settings): string {
  const parts = Object.entries(settings).map(([path, value]) => {
    return `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return parts.length === 0 ? 'the scenario as it is' : parts.join(' ');
}

/**
 * Points that can share a standing deployment have the same key: same sites, links and bus, and the same
 * messaging shape, which decides what the bus declares. `reuse: fabric` shares less.
 */
export function deploymentKey({ scenario, id }: Point, reuse: SweepSpec['reuse']): string {
  const { sites, links, fabric, bus, guarantee, workload } = scenario;
  const { pattern, target, topics, pools } = workload;
  if (reuse === 'none') return id;
  if (reuse === 'fabric') return JSON.stringify({ sites, links, fabric });
  return JSON.stringify({ sites, links, fabric, bus, guarantee, pattern, target, topics, pools });
}

/** Seeded Fisher-Yates shuffle; mulberry32 makes the numbers. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [result[i], result[j]];
    if (a !== undefined && b !== undefined) {
      result[i] = b;
      result[j] = a;
    }
  }
  return result;
}

/**
 * The order to measure in: points of one deployment stay together (so that it can be reused); deployments and
 * the points inside are shuffled by the seed. With `stopWhen`, the axis it grows along keeps its given order.
 */
export function ordered(points: readonly Point[], spec: SweepSpec): readonly Point[] {
  if (spec.order === 'given') return points;
  const along = spec.stopWhen?.along;
  const values = along === undefined ? [] : (spec.matrix[along] ?? spec.zip[along] ?? []);
  const ranks = new Map(values.map((value, i) => [JSON.stringify(value), i]));
  const rank = (point: Point | undefined): number =>
    along === undefined ? 0 : (ranks.get(JSON.stringify(point?.settings[along])) ?? 0);
  const groups = shuffled(byDeployment(points, spec.reuse), spec.seed).map((group) =>
    shuffled(group, spec.seed).sort((a, b) => rank(a) - rank(b)),
  );
  return groups.sort((a, b) => rank(a[0]) - rank(b[0])).flat();
}

function byDeployment(points: readonly Point[], reuse: SweepSpec['reuse']): readonly Point[][] {
  const groups = new Map<string, Point[]>();
  for (const point of points) {
    const key = deploymentKey(point, reuse);
    const group = groups.get(key) ?? [];
    group.push(point);
    groups.set(key, group);
  }
  return [...groups.values()];
}
