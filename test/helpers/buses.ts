import {
  type BusOf,
  type BusSpec,
  type BusType,
  bus,
  placeBus,
} from '../../topologies/buses/buses.ts';
import { shapeIssues, wording } from '../../topologies/language/issues.ts';
import { pathText } from '../../topologies/language/path.ts';
import type { ResolvedScenario, ScenarioWith } from '../../topologies/scenario.ts';

type Read =
  | { readonly bus: BusSpec }
  | { readonly mistakes: readonly { readonly path: string; readonly message: string }[] };

function read(written: object, sites: readonly string[]): Read {
  const parsed = bus.safeParse(written, { error: wording, reportInput: true });
  if (!parsed.success) {
    const issues = shapeIssues(parsed.error.issues);
    return { mistakes: issues.map(({ path, message }) => ({ path: pathText(path), message })) };
  }
  const placed = placeBus(parsed.data, sites);
  return placed.mistakes.length > 0 ? placed : { bus: placed.bus };
}

/** The bus of a type with these options over these sites, as a scenario would resolve it. */
export function busWith<T extends BusType>(
  type: T,
  options: object,
  sites: readonly string[],
): BusOf<T> {
  const outcome = read({ type, ...options }, sites);
  if ('bus' in outcome && isOf(outcome.bus, type)) return outcome.bus;
  throw new Error(JSON.stringify(outcome));
}

/** What is wrong with such a bus. */
export function busMistakes(
  type: BusType,
  options: object,
  sites: readonly string[],
): readonly { readonly path: string; readonly message: string }[] {
  const outcome = read({ type, ...options }, sites);
  return 'mistakes' in outcome ? outcome.mistakes : [];
}

/** The scenario, known to have a bus of this type. */
export function ofType<T extends BusType>(type: T, scenario: ResolvedScenario): ScenarioWith<T> {
  const { bus: spec } = scenario;
  if (isOf(spec, type)) return { ...scenario, bus: spec };
  throw new Error(`expected a bus of type ${type}; got ${spec.type}`);
}

function isOf<T extends BusType>(spec: BusSpec, type: T): spec is BusOf<T> {
  return spec.type === type;
}
