import { z } from 'zod';
import { didYouMean } from '../../topologies/near-name.ts';
import { type Quantity, quantityProblem, rangeProblem } from './units.ts';

/** The type of a quantity with its unit; parses to the base unit. `min` tightens the quantity's own bound. */
export type QuantityType = z.ZodType<number, string>;

/** A string with a unit, as a zod type whose messages name the unit. */
export function quantityType(kind: Quantity, description: string, min?: number): QuantityType {
  const bounded = min === undefined ? kind : { ...kind, min };
  return z
    .string({ error: (issue) => quantityProblem(kind, issue.input) })
    .regex(kind.pattern, { error: (issue) => quantityProblem(kind, issue.input) })
    .meta({ description: `${description} (${kind.what}: ${kind.units})`, examples: [kind.example] })
    .transform((text, context) => {
      const value = kind.parse(text);
      const message = rangeProblem(bounded, value);
      if (message !== null) context.issues.push({ code: 'custom', message, input: text });
      return value;
    });
}

/** An object that knows all its keys: an unknown one is a mistake that offers the nearest. */
export function shape<T extends z.core.$ZodLooseShape>(known: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(known, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, Object.keys(known))).join('\n')
        : undefined,
  });
}

/** A list whose holes stand for elements that were mistaken and taken out (see mend.ts); YAML has none. */
export function list<T extends z.ZodType>(element: T): z.ZodArray<z.ZodOptional<T>> {
  return z.array(element.optional());
}

/** A whole number in a range, both ends included. */
export function whole(min: number, max: number, description: string): z.ZodNumber {
  return z.number().int().min(min).max(max).meta({ description });
}

/** Message of a union: what it takes, and for a map with unknown keys the nearest known one. */
export function oneOf(
  expected: string,
  keys: readonly string[],
): { error: (issue: { readonly input?: unknown }) => string } {
  return {
    error: ({ input }) => {
      if (input === undefined) return `is missing; expected ${expected}`;
      const given = typeof input === 'object' && input !== null ? Object.keys(input) : [];
      const stray = Array.isArray(input) ? undefined : given.find((key) => !keys.includes(key));
      const hint = stray === undefined ? '' : didYouMean(stray, keys);
      const word = typeof input === 'string' ? didYouMean(input, keys) : '';
      return `expected ${expected}; got ${describeValue(input)}${hint}${word}`;
    },
  };
}

/** A short rendering of a value for a message. */
export function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    const shown = keys.slice(0, 5).map((key) => clip(key, 20));
    return keys.length === 0
      ? 'an empty map'
      : `a map of ${shown.join(', ')}${keys.length > 5 ? ' ...' : ''}`;
  }
  return typeof value === 'string' ? JSON.stringify(clip(value, 60)) : String(value);
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known);
  return `unknown key ${JSON.stringify(clip(key, 60))}${near === '' ? `; known here: ${known.join(', ')}` : near}`;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
