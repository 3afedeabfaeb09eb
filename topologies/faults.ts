import { z } from 'zod';
import type { Immutable } from './json.ts';
import { oneOf, quantity, shape } from './language/codecs.ts';
import { duration } from './language/units.ts';
import { linkValues } from './topology.ts';

const action = z.enum(['partition', 'degrade', 'kill', 'restart', 'pause', 'disconnect']);
const each = z.enum(['bus-node', 'link', 'client']);

const siteGroup = oneOf([z.string(), z.array(z.string()).min(1)], 'a site or a list of sites', []);

/** One entry of `faults:` of a scenario, before it is known whether its keys go together. */
export const fault = shape({
  at: quantity(duration, 'from the start of measuring').exactOptional(),
  after: quantity(duration, 'instead of at: from the end of the fault before it').exactOptional(),
  for: quantity(duration, 'how long it lasts', 1).exactOptional(),
  action: action.meta({ description: 'what happens' }),
  between: z
    .tuple([siteGroup, siteGroup])
    .exactOptional()
    .meta({ description: 'partition, degrade: two sites or two groups of sites' }),
  oneWay: z
    .boolean()
    .exactOptional()
    .meta({ description: 'only traffic from the first to the second' }),
  node: z
    .string()
    .exactOptional()
    .meta({ description: 'bus-1 ..., server.<site> or client.<site>' }),
  each: each.exactOptional().meta({ description: 'one after the other' }),
  wait: quantity(duration, 'each: pause before the next one').exactOptional(),
  optional: z
    .boolean()
    .exactOptional()
    .meta({ description: 'each: left out where the bus has nothing of that kind' }),
  link: linkValues
    .exactOptional()
    .meta({ description: 'degrade: the values that replace those in force' }),
});

export type WrittenFault = Immutable<z.output<typeof fault>>;

/** A fault whose keys go together. */
export const faultSpec = z.object({
  start: z.object({ kind: z.enum(['at', 'after']), ms: z.number() }).meta({
    description: 'at: from the start of measuring; after: from the end of the one before',
  }),
  forMs: z.number().nullable().meta({
    description: 'null for what ends by itself (restart, disconnect) or never (kill)',
  }),
  optional: z.boolean(),
  action,
  target: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('node'), name: z.string() }),
    z.object({ kind: z.literal('each'), of: each, waitMs: z.number() }),
    z.object({
      kind: z.literal('between'),
      groups: z.tuple([z.array(z.string()), z.array(z.string())]),
      oneWay: z.boolean().meta({ description: 'cuts only traffic from the first to the second' }),
    }),
  ]),
  link: linkValues.out
    .nullable()
    .meta({ description: 'degrade: values in place of those in force' }),
});

/** What breaks, when. */
export type FaultSpec = Immutable<z.output<typeof faultSpec>>;

/** The fault as a scenario has it. */
export function writtenFault({ start, forMs, optional, ...fault }: FaultSpec): WrittenFault {
  const { action: what, target, link } = fault;
  return {
    ...(start.kind === 'at' ? { atMs: start.ms } : { afterMs: start.ms }),
    ...(forMs !== null && { forMs }),
    action: what,
    ...(target.kind === 'node' && { node: target.name }),
    ...(target.kind === 'each' && { each: target.of, waitMs: target.waitMs }),
    ...(target.kind === 'between' && { between: target.groups, oneWay: target.oneWay }),
    ...(optional && { optional }),
    ...(link !== null && { link }),
  };
}
