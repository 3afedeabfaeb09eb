import type { Argument, Option } from 'commander';

/** What a shell can offer for a value. The names are looked up when a completion script is made, not before. */
export type Suggested =
  | 'scenario'
  | 'sweep'
  | 'setting'
  | 'directory'
  | 'file'
  | 'nothing'
  | readonly string[];

const suggested = new WeakMap<Argument | Option, Suggested>();

/** Notes what a shell can offer for the value of an argument or an option. */
export function suggest<T extends Argument | Option>(what: T, offer: Suggested): T {
  suggested.set(what, offer);
  return what;
}

/** What `suggest` noted, else the choices that commander knows of. */
export function suggestedFor(what: Argument | Option): Suggested {
  return suggested.get(what) ?? what.argChoices ?? 'nothing';
}
