import { labelOf } from '../../reports/sweep/axes.ts';
import type { Settings } from '../../reports/sweep/sweep.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { inOrder, type Mistake, ScenarioError } from '../errors.ts';
import { loadScenario } from '../read/scenario.ts';
import { asSets } from './expand.ts';
import { pointId } from './journal.ts';
import type { SweepSpec } from './spec.ts';

/** One measurement of a sweep. */
export interface Point {
  readonly id: string;
  readonly settings: Settings;
  /** From 1. */
  readonly repetition: number;
  readonly scenario: ResolvedScenario;
}

/** What points are made of: a scenario file or a ready-made name, and changes that all of them share. */
export interface PointBase {
  readonly reference: string;
  readonly set: Settings;
}

/** Resolves one point; rejects with a ScenarioError. */
export async function makePoint(
  { reference, set }: PointBase,
  settings: Settings,
  repetition: number,
): Promise<Point> {
  const { scenario } = await loadScenario(reference, asSets({ ...set, ...settings }));
  return { id: pointId(scenario, repetition), settings, repetition, scenario };
}

/** Resolves every point of a list; rejects with one ScenarioError that holds the mistakes of all of them. */
export async function makePoints(
  base: PointBase,
  all: readonly Settings[],
  repeat: number,
  sweep: { readonly file: string; readonly placeOf: SweepSpec['placeOf'] },
): Promise<readonly Point[]> {
  const points: Point[] = [];
  const mistakes = new MistakeBook();
  const seen = new Map<string, Settings>();
  for (const settings of all) {
    try {
      const first = await makePoint(base, settings, 1);
      const twin = seen.get(first.id);
      if (twin) mistakes.add(sameTwice(twin), settings);
      seen.set(first.id, settings);
      for (let repetition = 1; repetition <= repeat; repetition++) {
        points.push({ ...first, id: pointId(first.scenario, repetition), repetition });
      }
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      for (const mistake of error.mistakes) {
        mistakes.add(atSetting(mistake, { ...base.set, ...settings }, sweep), settings);
      }
    }
  }
  if (mistakes.count === 0) return points;
  throw new ScenarioError(`${base.reference} as varied by ${sweep.file}`, inOrder(mistakes.list()));
}

/** A mistake that a setting brought, where the sweep has that setting. */
function atSetting(
  mistake: Mistake,
  settings: Settings,
  { file, placeOf }: { readonly file: string; readonly placeOf: SweepSpec['placeOf'] },
): Mistake {
  const { set, ...rest } = mistake;
  const [path, value] =
    Object.entries(settings).find(([key, of]) => asSets({ [key]: of })[0] === set) ?? [];
  const place = path === undefined || value === undefined ? null : placeOf(path, value);
  return place === null ? mistake : { ...rest, file, line: place.line, column: place.column };
}

/** Equal mistakes of many points are said once, with the first point that has it. */
class MistakeBook {
  readonly #found = new Map<string, { mistake: Mistake; settings: Settings; points: number }>();

  get count(): number {
    return this.#found.size;
  }

  add(mistake: Mistake, settings: Settings): void {
    const key = `${mistake.path}\n${mistake.message}`;
    const known = this.#found.get(key);
    if (known) known.points += 1;
    else this.#found.set(key, { mistake, settings, points: 1 });
  }

  list(): readonly Mistake[] {
    return [...this.#found.values()].map(({ mistake, settings, points }) => {
      const more = points === 1 ? '' : ` and ${points - 1} more`;
      return { ...mistake, message: `${mistake.message} (${describeSettings(settings)}${more})` };
    });
  }
}

function sameTwice(twin: Settings): Mistake {
  const message = `resolves to the same scenario as ${describeSettings(twin)}`;
  return { path: '', line: 0, column: 0, message };
}

/** `clients.count=10 bus.type=router`. */
export function describeSettings(settings: Settings): string {
  const parts = Object.entries(settings).map(([path, value]) => `${path}=${labelOf(value)}`);
  return parts.length === 0 ? 'the scenario as it is' : parts.join(' ');
}
