import { z } from 'zod';
import type { Json } from '../json.ts';
import { didYouMean } from '../near-name.ts';
import { type Quantity, quantityProblem, rangeProblem } from './units.ts';

export const json: z.ZodType<Json> = z.json();

/** How the resolved form calls a value: `*Ms` puts the unit behind its written name, other texts replace the name. */
const namings = z.registry<{ readonly naming: string }>();

type Named<T, N extends string> = T & { readonly '~naming': N };

/** Gives a value another name in the resolved form. */
export function named<T extends z.ZodType, N extends string>(type: T, name: N): Named<T, N> {
  namings.add(type, { naming: name });
  return type as Named<T, N>;
}

/** A number written with its unit; `min` tightens the quantity's own bound. */
export type QuantityType<S extends string> = Named<z.ZodCodec<z.ZodString, z.ZodNumber>, `*${S}`>;

/** A text with a unit on the way in, the number in the base unit inside; messages name the unit and the range. */
export function quantity<S extends string>(
  kind: Quantity<S>,
  description: string,
  min: number = kind.min,
): QuantityType<S> {
  const text = z
    .string({ error: (issue) => quantityProblem(kind, issue.input) })
    .regex(kind.pattern, { error: (issue) => quantityProblem(kind, issue.input) })
    .meta({
      description: `${description} (${kind.what}: ${kind.units})`,
      examples: [kind.example],
    });
  const codec = z.codec(text, z.number().describe(`${kind.base}, ${description}`), {
    decode(written, context) {
      const value = kind.parse(written);
      const message = rangeProblem({ ...kind, min }, value);
      if (message !== null) context.issues.push({ code: 'custom', message, input: written });
      return value;
    },
    encode: kind.format,
  });
  return named(codec, `*${kind.suffix}`);
}

/** A whole number in a range, both ends included. */
export function whole(min: number, max: number, description: string): z.ZodNumber {
  return z.number().int().min(min).max(max).meta({ description });
}

/** What may be left out, and is then null. */
export function orNull<T extends z.ZodType>(
  type: T,
): z.ZodCodec<z.ZodOptional<T>, z.ZodType<z.output<T> | null>> {
  const resolved = outOf(type).nullable() as z.ZodType<z.output<T> | null, z.output<T> | null>;
  return z.codec(type.optional(), resolved, {
    decode: (value) => (value ?? null) as z.output<T> | null,
    encode: (value) => (value ?? undefined) as z.output<T> | undefined,
  });
}

/** Types by the names of a map's keys. */
export type Fields = Readonly<Record<string, z.ZodType>>;

type Bare<T> =
  T extends z.ZodPrefault<infer I extends z.ZodType>
    ? Bare<I>
    : T extends z.ZodExactOptional<infer I extends z.ZodType>
      ? Bare<I>
      : T;

type NameOf<K extends string, T> =
  Bare<T> extends { readonly '~naming': infer N extends string }
    ? N extends `*${infer S}`
      ? `${K}${S}`
      : N
    : K;

type OutOf<T extends z.ZodType> =
  T extends z.ZodExactOptional<infer I extends z.ZodType>
    ? z.ZodExactOptional<z.ZodType<z.output<I>, z.output<I>>>
    : z.ZodType<z.output<T>, z.output<T>>;

type OutShape<F extends Fields> = {
  [K in keyof F & string as NameOf<K, F[K]>]: OutOf<F[K]>;
};

/** A map as it is written, every key known, and the same under the names of the resolved form. */
export type Shape<F extends Fields, Added extends Fields = Record<never, never>> = z.ZodCodec<
  z.ZodObject<{ -readonly [K in keyof F]: F[K] }, z.core.$strict>,
  z.ZodObject<OutShape<F> & { -readonly [K in keyof Added]: Added[K] }, z.core.$strip>
>;

/** A map that knows all its keys: an unknown one is a mistake that offers the nearest. */
export function shape<F extends Fields>(fields: F): Shape<F> {
  return shapeWith(fields, {}) as Shape<F>;
}

/** One of several forms that a value can take: its resolved form says which, as `kind`. */
export function variant<K extends string, F extends Fields>(
  kind: K,
  fields: F,
): Shape<F, { readonly kind: z.ZodLiteral<K> }> {
  return shapeWith(fields, { kind }) as Shape<F, { readonly kind: z.ZodLiteral<K> }>;
}

type Values = Readonly<Record<string, unknown>>;

function shapeWith(fields: Fields, added: Readonly<Record<string, string>>): z.ZodType {
  const keys = Object.keys(fields);
  const names = Object.entries(fields).map(([key, type]) => [key, nameOf(key, type)] as const);
  const written = z.strictObject(fields, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, keys)).join('\n')
        : undefined,
  });
  const resolved = z.object({
    ...Object.fromEntries(Object.entries(added).map(([key, text]) => [key, z.literal(text)])),
    ...Object.fromEntries(
      Object.entries(fields).map(([key, type]) => [nameOf(key, type), outOf(type)]),
    ),
  });
  return z.codec(written, resolved, {
    decode: (value) => ({ ...added, ...renamed(value, names) }) as never,
    encode: (value) =>
      renamed(
        value,
        names.map(([key, name]) => [name, key] as const),
      ) as never,
  });
}

/** Absent stays absent. */
function renamed(value: Values, names: readonly (readonly [from: string, to: string])[]): Values {
  return Object.fromEntries(
    names.flatMap(([from, to]) => (value[from] === undefined ? [] : [[to, value[from]]])),
  );
}

function nameOf(key: string, type: z.ZodType): string {
  const name = namings.get(bare(type))?.naming ?? '*';
  return name.replace('*', key);
}

function bare(type: z.core.$ZodType): z.core.$ZodType {
  return type instanceof z.ZodPrefault || type instanceof z.ZodExactOptional
    ? bare(type.def.innerType)
    : type;
}

/** The type of what a codec decodes to: plain data, without units, defaults or anything left to decode. */
export function outOf<T extends z.ZodType>(type: T): z.ZodType<z.output<T>, z.output<T>> {
  return resolvedForm(type) as z.ZodType<z.output<T>, z.output<T>>;
}

function resolvedForm(type: z.core.$ZodType): z.core.$ZodType {
  if (type instanceof z.ZodPipe) return described(type, resolvedForm(type.def.out));
  if (type instanceof z.ZodPrefault) return described(type, resolvedForm(type.def.innerType));
  if (type instanceof z.ZodExactOptional) return z.exactOptional(resolvedForm(type.def.innerType));
  if (type instanceof z.ZodNullable) {
    return described(type, z.nullable(resolvedForm(type.def.innerType)));
  }
  if (type instanceof z.ZodArray) return described(type, z.array(resolvedForm(type.def.element)));
  if (type instanceof z.ZodRecord) {
    return described(type, z.record(type.def.keyType, resolvedForm(type.def.valueType)));
  }
  if (type instanceof z.ZodTuple) {
    const [first, ...rest] = type.def.items.map(resolvedForm);
    return first === undefined ? type : z.tuple([first, ...rest]);
  }
  if (type instanceof z.ZodDiscriminatedUnion) {
    const [first, ...rest] = type.def.options.map(resolvedForm) as z.core.$ZodTypeDiscriminable[];
    return first === undefined
      ? type
      : described(type, z.discriminatedUnion(type.def.discriminator, [first, ...rest]));
  }
  if (type instanceof z.ZodUnion) {
    return described(type, z.union(type.def.options.map(resolvedForm)));
  }
  return type;
}

/** What is said of a value is said of its resolved form, too. */
function described(from: z.ZodType, to: z.core.$ZodType): z.core.$ZodType {
  const { description } = from;
  return description === undefined || !(to instanceof z.ZodType) || to.description !== undefined
    ? to
    : to.describe(description);
}

/** One of several types; `keys` are the words and keys that a typo may have meant. */
export function oneOf<const T extends readonly [z.ZodType, ...z.ZodType[]]>(
  types: T,
  expected: string,
  keys: readonly string[],
): z.ZodUnion<T> {
  return z.union(types, {
    error: ({ input }) => {
      if (input === undefined) return `is missing; expected ${expected}`;
      const given = typeof input === 'object' && input !== null ? Object.keys(input) : [];
      const stray = Array.isArray(input) ? undefined : given.find((key) => !keys.includes(key));
      const hint = stray === undefined ? '' : didYouMean(stray, keys);
      const word = typeof input === 'string' ? didYouMean(input, keys) : '';
      return `expected ${expected}; got ${describeValue(input)}${hint}${word}`;
    },
  });
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
