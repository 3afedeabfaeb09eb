/** A JSON value: what endpoints, policies and settings of foreign programs are made of. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Data that nobody changes, all the way down. */
export type Immutable<T> = Json extends T
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Immutable<T[K]> }
    : T;
