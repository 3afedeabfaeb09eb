import { z } from 'zod';
import type { Json } from '../../topologies/scenario.ts';
import { ScenarioError } from '../errors.ts';
import { readDocument } from '../scenario/document.ts';
import { quantityType, shape, whole } from '../scenario/schema-parts.ts';
import { shapeIssues, wording } from '../scenario/shape-issues.ts';
import { duration } from '../scenario/units.ts';

/** Values of scenario paths, as `--set` takes them. */
export type Settings = Readonly<Record<string, Json>>;

/** A campaign file as written (CONTRACT section 6), checked for shape. */
export interface SweepSpec {
  readonly scenario: string;
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
  readonly stopWhen: { readonly along: string; readonly condition: string } | null;
  readonly search: SearchSpec | null;
}

/** The highest value of `along` for which every expression of `holds` is true. */
export interface SearchSpec {
  readonly along: string;
  readonly from: string;
  readonly to: string;
  readonly holds: readonly string[];
  /** Relative width of the bracket at which the search ends, 0 to 1. */
  readonly precision: number;
}

const json: z.ZodType<Json> = z.json();
const settings = z.record(z.string().min(1), json);
const axes = z.record(z.string().min(1), z.array(json).min(1));

const percentage = z
  .string()
  .regex(/^\d+(\.\d+)?%$/, { error: 'expected a share such as 5%' })
  .transform((text) => Number(text.slice(0, -1)) / 100);

const sweepShape = shape({
  schema: z.literal('busbench/sweep/1'),
  scenario: z.string().min(1).meta({ description: 'a ready-made name, or a file beside this one' }),
  matrix: axes
    .prefault({})
    .meta({ description: 'scenario path: values; every combination is a point' }),
  zip: axes
    .prefault({})
    .meta({ description: 'scenario path: values; taken in step, lists of one length' }),
  include: z.array(settings).prefault([]).meta({ description: 'further points or settings' }),
  exclude: z.array(settings).prefault([]).meta({ description: 'points that match are left out' }),
  repeat: whole(1, 1_000, 'repetitions of every point').prefault(1),
  order: z.enum(['random', 'given']).prefault('random'),
  seed: whole(0, 2 ** 31, 'of the random order').prefault(1),
  reuse: z.enum(['none', 'fabric', 'bus']).prefault('bus'),
  pointTimeout: quantityType(duration, 'longest time for one point').prefault('5m'),
  maxTime: quantityType(duration, 'longest time for the campaign').optional(),
  stopWhen: shape({ along: z.string().min(1), condition: z.string().min(1) }).optional(),
  search: shape({
    along: z.string().min(1),
    from: z.string().min(1),
    to: z.string().min(1),
    holds: z.array(z.string().min(1)).min(1),
    precision: percentage.prefault('5%'),
  }).optional(),
});

/** Reads a campaign; throws a ScenarioError with every mistake of shape at once, each with line and column. */
export function parseSweep(text: string, file: string): SweepSpec {
  const document = readDocument(text, []);
  const outcome = sweepShape.safeParse(document.value, { error: wording, reportInput: true });
  const issues =
    outcome.success || document.mistakes.length > 0 ? [] : shapeIssues(outcome.error.issues);
  const mistakes = [
    ...document.mistakes,
    ...issues.map(({ path, message, at }) => document.mistakeAt(path, message, at)),
  ];
  if (outcome.success && mistakes.length === 0) mistakes.push(...conflicts(outcome.data, document));
  if (!outcome.success || mistakes.length > 0) throw new ScenarioError(file, mistakes);
  const { schema: _, pointTimeout, maxTime, stopWhen, search, ...rest } = outcome.data;
  return {
    ...rest,
    pointTimeoutMs: pointTimeout,
    maxTimeMs: maxTime ?? null,
    stopWhen: stopWhen ?? null,
    search: search ?? null,
  };
}

/** The campaign format as a JSON Schema (draft 2020-12) for editors. */
export function sweepJsonSchema(): Json {
  const schema = z.toJSONSchema(sweepShape, { io: 'input', unrepresentable: 'any' });
  return { ...JSON.parse(JSON.stringify(schema)), title: 'busbench sweep' };
}

type Document = ReturnType<typeof readDocument>;

function conflicts(
  sweep: z.infer<typeof sweepShape>,
  document: Document,
): ScenarioError['mistakes'] {
  const mistakes = [];
  const lengths = new Set(Object.values(sweep.zip).map((values) => values.length));
  if (lengths.size > 1) {
    const found = Object.entries(sweep.zip).map(([path, values]) => `${path} ${values.length}`);
    const message = `lists of one length are taken in step; got ${found.join(', ')}`;
    mistakes.push(document.mistakeAt(['zip'], message, 'key'));
  }
  for (const path of Object.keys(sweep.zip)) {
    if (!(path in sweep.matrix)) continue;
    mistakes.push(
      document.mistakeAt(['zip', path], 'is in matrix too; an axis has one place', 'key'),
    );
  }
  const axisNames = [...Object.keys(sweep.matrix), ...Object.keys(sweep.zip)];
  if (sweep.stopWhen && !axisNames.includes(sweep.stopWhen.along)) {
    const message = `expected one of the axes: ${axisNames.join(', ') || 'there are none'}`;
    mistakes.push(document.mistakeAt(['stopWhen', 'along'], message));
  }
  if (sweep.search && axisNames.includes(sweep.search.along)) {
    const message = 'is an axis too; a search chooses its own values';
    mistakes.push(document.mistakeAt(['search', 'along'], message));
  }
  if (sweep.search && sweep.stopWhen) {
    mistakes.push(document.mistakeAt(['stopWhen'], 'cannot be combined with search', 'key'));
  }
  return mistakes;
}
