import type { z } from 'zod';
import type { Json } from '../../topologies/scenario.ts';

/** `readonly` all the way down, so that a parsed (mutable) value and a readonly type can be compared; stops at Json. */
type Frozen<T> = [Json] extends [T]
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : { readonly [K in keyof T]: Frozen<T[K]> };

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

type InStep<S extends z.ZodType, T> =
  Same<Frozen<z.output<S>>, Frozen<T>> extends true ? S : { schemaAndTypeDiffer: T };

/**
 * The schema of a hand-written type, which the compiler holds to be the same in both directions: a key, a null or a
 * variant that only one of the two knows does not compile.
 */
export function inStep<T>(): <S extends z.ZodType>(schema: S & InStep<S, T>) => z.ZodType<T> {
  return (schema) => schema as unknown as z.ZodType<T>;
}
