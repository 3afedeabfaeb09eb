import { z } from 'zod';
import { type Fields, type Shape, shape } from '../language/codecs.ts';

/** A mistake below `bus:`, as path and message. */
export interface BusMistake {
  readonly path: string;
  readonly message: string;
}

/** The kind of `nodes:` that a bus type with nodes of its own takes. */
const listed = z
  .array(z.string())
  .min(1)
  .max(64)
  .exactOptional()
  .meta({ description: 'the site of each node, bus-1 first; one a site when absent' });

type Written<T extends string, F extends Fields> = Shape<
  F & { readonly type: z.ZodLiteral<T>; readonly nodes: typeof listed }
>;

type Bus<T extends string, F extends Fields> = z.ZodObject<{
  type: z.ZodLiteral<T>;
  nodes: z.ZodArray<z.ZodString>;
  options: Shape<F>['out'];
}>;

/**
 * `bus:` of one type: `type`, `nodes` and options beside each other as written, the options apart when resolved.
 * Nodes that were not listed are none, until the sites are known.
 */
export function busOf<T extends string, F extends Fields>(
  type: T,
  fields: F,
): z.ZodCodec<Written<T, F>, Bus<T, F>> {
  const written = shape({ type: z.literal(type), nodes: listed, ...fields });
  return flat(type, written, shape(fields).out) as z.ZodCodec<Written<T, F>, Bus<T, F>>;
}

/** The same of a type that has no nodes, or none that could be listed. */
export function nodelessBusOf<T extends string, F extends Fields>(
  type: T,
  fields: F,
): z.ZodCodec<Shape<F & { readonly type: z.ZodLiteral<T> }>, Bus<T, F>> {
  const written = shape({ type: z.literal(type), ...fields });
  return flat(type, written, shape(fields).out) as z.ZodCodec<
    Shape<F & { readonly type: z.ZodLiteral<T> }>,
    Bus<T, F>
  >;
}

function flat(type: string, written: z.ZodType, options: z.ZodType): z.ZodType {
  const nodes = z.array(z.string()).meta({ description: 'the site of each node, bus-1 first' });
  const resolved = z.object({ type: z.literal(type), nodes, options });
  return z.codec(written as z.ZodType<Values, Values>, resolved as z.ZodType<Spec, Spec>, {
    decode: ({ type: _, nodes: sites, ...rest }) => ({ type, nodes: sites ?? [], options: rest }),
    encode: ({ nodes: sites, options: rest }) => ({
      type,
      ...(sites.length > 0 && { nodes: sites }),
      ...rest,
    }),
  });
}

interface Values {
  readonly type: string;
  readonly nodes?: readonly string[];
  readonly [option: string]: unknown;
}

interface Spec {
  readonly type: string;
  readonly nodes: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}
