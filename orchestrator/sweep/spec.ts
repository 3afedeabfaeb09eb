import type { Settings } from '../../reports/sweep/sweep.ts';
import type { Json } from '../../topologies/json.ts';
import { readWithRecovery } from '../../topologies/language/error-recovery.ts';
import type { Findings } from '../../topologies/language/findings.ts';
import type { Path } from '../../topologies/language/path.ts';
import { type WrittenSweep, writtenSweep } from '../../topologies/sweep.ts';
import { inOrder, ScenarioError } from '../errors.ts';
import { readDocument, type SourceDocument } from '../read/document.ts';
import { type Condition, parseCondition } from './condition.ts';
import { splitQuantity } from './search.ts';

/** A sweep file as written (docs/contract.md, section 5), checked for shape. */
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
  /** Bound on the whole sweep, ms; null for none. */
  readonly maxTimeMs: number | null;
  readonly stopWhen: { readonly along: string; readonly condition: Condition } | null;
  readonly search: SearchSpec | null;
  /** Where the file sets a path to a value; null where it does not. */
  placeOf(path: string, value: Json): { readonly line: number; readonly column: number } | null;
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

/** Reads a sweep; throws a ScenarioError with every mistake at once, each with line and column. */
export function parseSweep(text: string, file: string): SweepSpec {
  const document = readDocument(text, []);
  if (!document.readable) throw new ScenarioError(file, document.mistakes);
  const { value, findings } = readWithRecovery<WrittenSweep>(
    writtenSweep,
    document.value,
    standIns,
  );
  const spec = value === null ? null : specOf(value, findings, document);
  const mistakes = [
    ...document.mistakes,
    ...findings.found.map(({ path, message, at }) => document.mistakeAt(path, message, at)),
  ];
  if (spec === null || mistakes.length > 0) throw new ScenarioError(file, inOrder(mistakes));
  return spec;
}

/** What stands in for what has no default and was not given. */
const standIns = { schema: 'busbench/sweep/1', scenario: 'quickstart' };

function specOf(sweep: WrittenSweep, findings: Findings, document: SourceDocument): SweepSpec {
  const { schema: _, name, repeat, maxTimeMs, ...rest } = sweep;
  checkAxes(sweep, findings);
  return {
    ...rest,
    name: name ?? null,
    repeat: repeat ?? 1,
    maxTimeMs: maxTimeMs ?? null,
    stopWhen: readStop(sweep, findings),
    search: readSearch(sweep, findings),
    placeOf(path, value) {
      const at = settingOf(sweep, path, JSON.stringify(value));
      return at === null ? null : document.mistakeAt(at, '');
    },
  };
}

/** The path in the file at which a setting has this value, given as JSON. */
function settingOf(
  { matrix, zip, include, set }: WrittenSweep,
  path: string,
  json: string,
): Path | null {
  for (const [group, axes] of Object.entries({ matrix, zip })) {
    const i = axes[path]?.findIndex((value) => JSON.stringify(value) === json) ?? -1;
    if (i >= 0) return [group, path, i];
  }
  const extra = include.findIndex((settings) => JSON.stringify(settings[path]) === json);
  if (extra >= 0) return ['include', extra, path];
  return JSON.stringify(set[path]) === json ? ['set', path] : null;
}

function axisNames({ matrix, zip }: WrittenSweep): readonly string[] {
  return [...Object.keys(matrix), ...Object.keys(zip)];
}

function checkAxes({ matrix, zip }: WrittenSweep, findings: Findings): void {
  const lengths = new Set(Object.values(zip).map((values) => values.length));
  if (lengths.size > 1) {
    const found = Object.entries(zip).map(([path, values]) => `${path} ${values.length}`);
    const message = `lists of one length are taken in step; got ${found.join(', ')}`;
    findings.add(['zip'], message);
  }
  for (const path of Object.keys(zip)) {
    if (!(path in matrix)) continue;
    const message = 'is in matrix too; an axis has one place';
    findings.add(['zip', path], message);
  }
  for (const [group, axesOf] of Object.entries({ matrix, zip })) {
    for (const [path, values] of Object.entries(axesOf)) {
      const texts = values.map((value) => JSON.stringify(value));
      const twice = group === 'matrix' && texts.findIndex((text, i) => texts.indexOf(text) < i);
      if (twice === false || twice < 0) continue;
      findings.add([group, path, twice], 'is in the list twice');
    }
  }
}

function readStop(sweep: WrittenSweep, findings: Findings): SweepSpec['stopWhen'] {
  const { stopWhen, search } = sweep;
  if (stopWhen === undefined) return null;
  const names = axisNames(sweep);
  if (search) {
    findings.add(['stopWhen'], 'cannot be combined with search', ['search']);
  } else if (!names.includes(stopWhen.along)) {
    const message = `expected one of the axes: ${names.join(', ') || 'there are none'}`;
    findings.add(['stopWhen', 'along'], message, ['matrix'], ['zip']);
  }
  const condition = parseCondition(stopWhen.condition);
  if (condition.kind === 'ok') return { along: stopWhen.along, condition: condition.condition };
  findings.add(['stopWhen', 'condition'], condition.message);
  return null;
}

function readSearch(sweep: WrittenSweep, findings: Findings): SearchSpec | null {
  const { search, repeat } = sweep;
  if (search === undefined) return null;
  const wrong = (key: string, message: string): void => findings.add(['search', key], message);
  if (repeat !== undefined) {
    const message = 'cannot be combined with search, which repeats what decides';
    findings.add(['repeat'], message);
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
    findings.add(['search', 'holds', i], parsed.message);
    return [];
  });
  if (search.precisionPercent <= 0) wrong('precision', 'expected more than 0%');
  if (!from || !to) return null;
  const { along } = search;
  const precision = search.precisionPercent / 100;
  return { along, from: from.value, to: to.value, unit: from.unit, holds, precision };
}
