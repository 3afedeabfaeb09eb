import { z } from 'zod';
import type { Immutable } from './json.ts';
import { json, quantity, shape, whole } from './language/codecs.ts';
import { duration, percent } from './language/units.ts';

const settings = z.record(z.string().min(1), json);
const axes = z.record(z.string().min(1), z.array(json).min(1));

const bound = z.union([z.string().min(1), z.number()], {
  error: 'expected a value of the axis, such as 100/s, or a plain count',
});

/** A sweep as written; whether axes, conditions and bounds make sense is still open. */
export const writtenSweep = shape({
  schema: z.literal('busbench/sweep/1'),
  name: z.string().min(1).exactOptional().meta({ description: 'what reports are headed with' }),
  scenario: z.string().min(1).meta({ description: 'a ready-made name, or a file beside this one' }),
  set: settings.prefault({}).meta({ description: 'scenario path: value, for all points alike' }),
  matrix: axes
    .prefault({})
    .meta({ description: 'scenario path: values; every combination is a point' }),
  zip: axes
    .prefault({})
    .meta({ description: 'scenario path: values; taken in step, lists of one length' }),
  include: z.array(settings).prefault([]).meta({ description: 'further points or settings' }),
  exclude: z.array(settings).prefault([]).meta({ description: 'points that match are left out' }),
  repeat: whole(1, 1_000, 'repetitions of every point').exactOptional(),
  order: z
    .enum(['random', 'given'])
    .prefault('random')
    .meta({ description: 'random: shuffled by seed, so that drift of the machine is no trend' }),
  seed: whole(0, 2 ** 31, 'of the random order').prefault(1),
  reuse: z
    .enum(['none', 'fabric', 'bus'])
    .prefault('bus')
    .meta({ description: 'what may stand from one point to the next, where both need the same' }),
  pointTimeout: quantity(duration, 'longest time for one point').prefault('5m'),
  maxTime: quantity(duration, 'longest time for the sweep').exactOptional(),
  stopWhen: shape({ along: z.string().min(1), condition: z.string().min(1) })
    .exactOptional()
    .meta({ description: 'no points further along the axis once the condition was true' }),
  search: shape({
    along: z.string().min(1),
    from: bound,
    to: bound,
    holds: z.array(z.string().min(1)).min(1),
    precision: quantity(percent, 'how near the bounds of the answer are').prefault('5%'),
  })
    .exactOptional()
    .meta({ description: 'the highest value along a path for which all of holds are true' }),
});

export type WrittenSweep = Immutable<z.output<typeof writtenSweep>>;

/** The sweep format as a JSON Schema (draft 2020-12) for editors. */
export function sweepJsonSchema(): object {
  const schema = z.toJSONSchema(writtenSweep, { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'busbench sweep' };
}
