import { didYouMean } from '../near-name.ts';
import { type Path, pathText } from './path.ts';

/** A mistake before it has a line. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly at: 'key' | 'value';
}

/** Collects mistakes, and keeps quiet about conclusions drawn from values that were mistaken themselves. */
export class Findings {
  readonly #found: Finding[] = [];
  readonly #reported = new Set<string>();
  readonly #tainted = new Set<string>();
  /** Every path on the way to a tainted one: a whole is no sounder than its parts. */
  readonly #aboveTainted = new Set<string>();
  /** Where in the document a path of the value at hand was written. */
  readonly placeOf: (path: Path) => Path;

  constructor(placeOf: (path: Path) => Path = (path) => path) {
    this.placeOf = placeOf;
  }

  get found(): readonly Finding[] {
    return this.#found;
  }

  /** Mistakes of shape, and the places as written from which nothing is concluded because of them. */
  begin(mistakes: readonly Finding[], tainted: readonly Path[]): void {
    for (const mistake of mistakes) this.#record(mistake);
    for (const path of tainted) this.#taint(path);
  }

  /** From now on nothing is concluded from this path. */
  taint(path: Path): void {
    this.#taint(this.placeOf(path));
  }

  #taint(place: Path): void {
    const steps = prefixes(place);
    this.#tainted.add(steps.at(-1) ?? '');
    for (const step of steps) this.#aboveTainted.add(step);
  }

  /** True when every one of these paths holds what the user wrote (or left to its default). */
  sound(...paths: readonly Path[]): boolean {
    return paths.every((path) => {
      const steps = prefixes(this.placeOf(path));
      return (
        !this.#aboveTainted.has(steps.at(-1) ?? '') &&
        !steps.some((step) => this.#tainted.has(step))
      );
    });
  }

  /** Reports at `path` and taints it. `because` lists further paths the conclusion rests on. */
  add(path: Path, message: string, ...because: readonly Path[]): void {
    if (!this.sound(path, ...because)) return;
    this.report({ path, message, at: 'value' });
    this.taint(path);
  }

  /** Reports without asking whether the path is sound: what can be said of a value by itself. */
  report({ path, ...rest }: Finding): void {
    this.#record({ path: this.placeOf(path), ...rest });
  }

  #record(finding: Finding): void {
    const key = `${pathText(finding.path)}\n${finding.message}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.#found.push(finding);
  }

  /** False, and a mistake with a near name, when `name` is none of the known ones. */
  known(
    what: string,
    name: string,
    names: readonly string[],
    path: Path,
    ...because: readonly Path[]
  ): boolean {
    if (names.includes(name)) return true;
    const near = didYouMean(name, names);
    const choice = names.length > 12 ? '' : `; expected one of ${names.join(', ')}`;
    this.add(
      path,
      `unknown ${what} ${JSON.stringify(name)}${near === '' ? choice : near}`,
      ...because,
    );
    return false;
  }
}

/** Texts of a path and of everything above it, the document itself first. */
function prefixes(path: Path): readonly string[] {
  const steps = [''];
  for (const part of path) steps.push(`${steps.at(-1)}\n${part}`);
  return steps;
}
