import { didYouMean } from './near-name.ts';
import { type Path, pathText, related } from './path.ts';

/** A mistake before it has a line. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly at: 'key' | 'value';
}

/** Collects mistakes, and keeps quiet about conclusions drawn from values that were mistaken themselves. */
export class Findings {
  readonly #found: Finding[] = [];
  readonly #tainted: Path[] = [];

  get found(): readonly Finding[] {
    return this.#found;
  }

  /** From now on nothing is concluded from this path. */
  taint(path: Path): void {
    this.#tainted.push(path);
  }

  /** True when every one of these paths holds what the user wrote (or left to its default). */
  sound(...paths: readonly Path[]): boolean {
    return !paths.some((path) => this.#tainted.some((tainted) => related(tainted, path)));
  }

  /** Reports at `path` and taints it. `because` lists further paths the conclusion rests on. */
  add(path: Path, message: string, ...because: readonly Path[]): void {
    if (!this.sound(path, ...because)) return;
    this.#found.push({ path, message, at: 'value' });
    this.#tainted.push(path);
  }

  /** Reports without asking whether the path is sound: mistakes of shape, which come first. */
  report(finding: Finding): void {
    const seen = this.#found.some(
      (other) =>
        pathText(other.path) === pathText(finding.path) && other.message === finding.message,
    );
    if (!seen) this.#found.push(finding);
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
