import { z } from 'zod';

/*
 * What every part of a result is made of. A description says what is counted and in what; the unit also ends the
 * leaf's name (`rttP50Ms`), from which expectations and reports know it.
 */

type Leaf<T extends z.ZodType> = (description: string) => T;

export const number: Leaf<z.ZodNumber> = (description) => z.number().describe(description);

/** Null where it cannot be known. */
export const quantity: Leaf<z.ZodNullable<z.ZodNumber>> = (description) =>
  z.number().nullable().describe(description);

export const text: Leaf<z.ZodString> = (description) => z.string().describe(description);

export const flag: Leaf<z.ZodBoolean> = (description) => z.boolean().describe(description);

/** Numbers by name, null where this bus does not tell. */
export const counters: Leaf<z.ZodRecord<z.ZodString, z.ZodNullable<z.ZodNumber>>> = (description) =>
  z.record(z.string(), z.number().nullable()).describe(description);

/** Numbers by name; an absent name is 0. */
export const counts: Leaf<z.ZodRecord<z.ZodString, z.ZodNumber>> = (description) =>
  z.record(z.string(), z.number()).describe(description);

/** Numbers by class and then by reason. */
export const reasons: Leaf<z.ZodRecord<z.ZodString, z.ZodRecord<z.ZodString, z.ZodNumber>>> = (
  description,
) => z.record(z.string(), z.record(z.string(), z.number())).describe(description);
