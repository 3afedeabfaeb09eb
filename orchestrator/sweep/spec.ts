import type { Settings } from '../../reports/sweep/sweep.ts';
import type { Json } from '../../topologies/json.ts';
import { shapeIssues, wording } from '../../topologies/language/issues.ts';
import { type WrittenSweep, writtenSweep } from '../../topologies/sweep.ts';
import { type Mistake, ScenarioError } from '../errors.ts';
import { readDocument } from '../read/document.ts';
import { type Condition, parseCondition } from './condition.ts';
import { splitQuantity } from './search.ts';

/** A campaign file as written (docs/contract.md, section 5), checked for shape. */
export interface SweepSpec {
  /** What reports are headed with; null for the name of the file. */
  readonly name: string | null;
  readonly scenario: string;
  /** Changes to the scenario that all points have in common. */
  readonly set: Settings;
  readonly matrix: Readonly<Record<string, readonly Json[]>>;
  readonly zip: Readonly<Record<string, readonly Json[]>>;
  /** Further points, or further settings for the points they match, as CI users know it. */
  readonly include: readonly Settings[];
  readonly exclude: readonly Settings[];
  readonly repeat: number;
  readonly order: 'random' | 'given';
  readonly seed: number;
  readonly reuse: 'none' | 'fabric' | 'bus';
  readonly pointTimeoutMs: number;
  /** Bound on the whole campaign, ms; null for none. */
  readonly maxTimeMs: number | null;
  readonly stopWhen: { readonly along: string; readonly condition: Condition } | null;
  readonly search: SearchSpec | null;
}

/** The highest value of `along` for which every expression of `holds` is true. */
export interface SearchSpec {
  readonly along: string;
  /** In `unit`. */
  readonly from: number;
  readonly to: number;
  /** What is written after the number; empty for counts, which are whole. */
  readonly unit: string;
  readonly holds: readonly Condition[];
  /** Relative width of the bracket at which the search ends, 0 to 1. */
  readonly precision: number;
}

type Document = ReturnType<typeof readDocument>;

/** Reads a campaign; throws a ScenarioError with every mistake of shape at once, each with line and column. */
export function parseSweep(text: string, file: string): SweepSpec {
  const document = readDocument(text, []);
  const outcome = writtenSweep.safeParse(document.value, { error: wording, reportInput: true });
  const issues =
    outcome.success || document.mistakes.length > 0 ? [] : shapeIssues(outcome.error.issues);
  const mistakes = [
    ...document.mistakes,
    ...issues.map(({ path, message, at }) => document.mistakeAt(path, message, at)),
  ];
  if (!outcome.success || mistakes.length > 0) throw new ScenarioError(file, mistakes);
  const { schema: _, name, repeat, maxTimeMs, stopWhen, search, ...rest } = outcome.data;
  mistakes.push(...axisMistakes(outcome.data, document));
  const stop = stopWhen ? readStop(outcome.data, document, mistakes) : null;
  const found = search ? readSearch(outcome.data, document, mistakes) : null;
  if (mistakes.length > 0) throw new ScenarioError(file, mistakes);
  return {
    ...rest,
    name: name ?? null,
    repeat: repeat ?? 1,
    maxTimeMs: maxTimeMs ?? null,
    stopWhen: stop,
    search: found,
  };
}

function axisNames({ matrix, zip }: WrittenSweep): readonly string[] {
  return [...Object.keys(matrix), ...Object.keys(zip)];
}

function axisMistakes({ matrix, zip }: WrittenSweep, document: Document): Mistake[] {
  const mistakes: Mistake[] = [];
  const lengths = new Set(Object.values(zip).map((values) => values.length));
  if (lengths.size > 1) {
    const found = Object.entries(zip).map(([path, values]) => `${path} ${values.length}`);
    const message = `lists of one length are taken in step; got ${found.join(', ')}`;
    mistakes.push(document.mistakeAt(['zip'], message, 'key'));
  }
  for (const path of Object.keys(zip)) {
    if (!(path in matrix)) continue;
    const message = 'is in matrix too; an axis has one place';
    mistakes.push(document.mistakeAt(['zip', path], message, 'key'));
  }
  for (const [group, axesOf] of Object.entries({ matrix, zip })) {
    for (const [path, values] of Object.entries(axesOf)) {
      const texts = values.map((value) => JSON.stringify(value));
      const twice = group === 'matrix' && texts.findIndex((text, i) => texts.indexOf(text) < i);
      if (twice === false || twice < 0) continue;
      mistakes.push(document.mistakeAt([group, path, twice], 'is in the list twice', 'value'));
    }
  }
  return mistakes;
}

function readStop(
  sweep: WrittenSweep,
  document: Document,
  mistakes: Mistake[],
): SweepSpec['stopWhen'] | null {
  const { stopWhen, search } = sweep;
  if (!stopWhen) return null;
  const names = axisNames(sweep);
  if (search) {
    mistakes.push(document.mistakeAt(['stopWhen'], 'cannot be combined with search', 'key'));
  } else if (!names.includes(stopWhen.along)) {
    const message = `expected one of the axes: ${names.join(', ') || 'there are none'}`;
    mistakes.push(document.mistakeAt(['stopWhen', 'along'], message, 'value'));
  }
  const condition = parseCondition(stopWhen.condition);
  if (condition.kind === 'ok') return { along: stopWhen.along, condition: condition.condition };
  mistakes.push(document.mistakeAt(['stopWhen', 'condition'], condition.message, 'value'));
  return null;
}

function readSearch(
  sweep: WrittenSweep,
  document: Document,
  mistakes: Mistake[],
): SearchSpec | null {
  const { search, repeat } = sweep;
  if (!search) return null;
  const wrong = (key: string, message: string): void => {
    mistakes.push(document.mistakeAt(['search', key], message, 'value'));
  };
  if (repeat !== undefined) {
    const message = 'cannot be combined with search, which repeats what decides';
    mistakes.push(document.mistakeAt(['repeat'], message, 'key'));
  }
  if (axisNames(sweep).includes(search.along)) {
    wrong('along', 'is an axis too; a search chooses its own values');
  }
  const from = splitQuantity(String(search.from));
  const to = splitQuantity(String(search.to));
  if (!from) wrong('from', `expected a number and its unit, got ${JSON.stringify(search.from)}`);
  if (!to) wrong('to', `expected a number and its unit, got ${JSON.stringify(search.to)}`);
  if (from && to && from.unit !== to.unit) {
    wrong('to', `expected the unit of from (${from.unit || 'none'}), got ${to.unit || 'none'}`);
  } else if (from && to && !(from.value > 0 && from.value < to.value)) {
    wrong('to', `expected more than from, and both above 0; got ${search.from} to ${search.to}`);
  }
  const holds = search.holds.flatMap((text, i): readonly Condition[] => {
    const parsed = parseCondition(text);
    if (parsed.kind === 'ok') return [parsed.condition];
    mistakes.push(document.mistakeAt(['search', 'holds', i], parsed.message, 'value'));
    return [];
  });
  if (search.precisionPercent <= 0) wrong('precision', 'expected more than 0%');
  if (!from || !to) return null;
  const { along } = search;
  const precision = search.precisionPercent / 100;
  return { along, from: from.value, to: to.value, unit: from.unit, holds, precision };
}
