import type { z } from 'zod';
import { Findings } from './findings.ts';
import { type ShapeIssue, shapeIssues, wording } from './issues.ts';
import type { Path } from './path.ts';

/** What could be read of a document that has mistakes of shape. */
export interface Recovered<T> {
  /** Null when nothing is left to look at. */
  readonly value: T | null;
  /** Holds every mistake of shape; nothing is concluded from what defaults stand in for. */
  readonly findings: Findings;
}

const maxRounds = 100;

/**
 * Reads a document and finds every mistake of its shape. Mistaken values are then taken out and defaults stand in
 * for them, so that names and combinations elsewhere can still be checked in the same pass. `standIns` are for keys
 * of the root that have no default.
 */
export function readWithRecovery<T>(
  type: z.ZodType<T>,
  raw: unknown,
  standIns: Readonly<Record<string, unknown>>,
): Recovered<T> {
  const strict = read(type, raw);
  if ('value' in strict) return { value: strict.value, findings: new Findings() };
  const { issues } = strict;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { value: null, findings: findingsOf(issues, [], null) };
  }
  const recovery = new Recovery(raw, standIns);
  for (let round = 0; round < maxRounds; round++) {
    const outcome = read(type, recovery.document);
    if ('value' in outcome) {
      return { value: outcome.value, findings: findingsOf(issues, recovery.tainted, recovery) };
    }
    if (!recovery.takeOut(outcome.issues)) break;
  }
  return { value: null, findings: findingsOf(issues, recovery.tainted, null) };
}

function read<T>(
  type: z.ZodType<T>,
  raw: unknown,
): { readonly value: T } | { readonly issues: readonly ShapeIssue[] } {
  const outcome = type.safeParse(raw, { error: wording, reportInput: true });
  return outcome.success ? { value: outcome.data } : { issues: shapeIssues(outcome.error.issues) };
}

function findingsOf(
  issues: readonly ShapeIssue[],
  tainted: readonly Path[],
  recovery: Recovery | null,
): Findings {
  const findings = new Findings(recovery === null ? undefined : (path) => recovery.placeOf(path));
  const written = issues.filter((issue) => issue.at === 'value').map((issue) => issue.path);
  findings.begin(issues, [...written, ...tainted]);
  return findings;
}

type Container = Record<string | number, unknown>;

/** A copy of the document from which mistaken parts are taken out. */
class Recovery {
  readonly document: Container;
  /** Places of the document as it was written. */
  readonly tainted: Path[] = [];
  readonly #standIns: Readonly<Record<string, unknown>>;
  /** Of a list that lost elements: where each that is left was written. */
  readonly #places = new Map<readonly unknown[], readonly number[]>();

  constructor(raw: object, standIns: Readonly<Record<string, unknown>>) {
    this.document = structuredClone(raw) as Container;
    this.#standIns = standIns;
  }

  /** False when there is something that cannot be taken out. */
  takeOut(issues: readonly ShapeIssue[]): boolean {
    const gone = new Map<unknown[], Set<number>>();
    for (const { path, at } of issues) {
      const removed = this.#remove(path, gone);
      if (removed === null) return false;
      if (at === 'value' || removed.length < path.length) this.tainted.push(this.placeOf(removed));
    }
    for (const [list, indices] of gone) {
      const places = this.#places.get(list) ?? list.map((_, i) => i);
      this.#places.set(
        list,
        places.filter((_, i) => !indices.has(i)),
      );
      list.splice(0, list.length, ...list.filter((_, i) => !indices.has(i)));
    }
    return true;
  }

  /** Where the value at a path of what is left of the document was written. */
  placeOf(path: Path): Path {
    let node: unknown = this.document;
    return path.map((key) => {
      const place = Array.isArray(node) ? this.#places.get(node)?.[Number(key)] : undefined;
      node = isContainer(node) && Object.hasOwn(node, key) ? node[key] : undefined;
      return place ?? key;
    });
  }

  /** Takes the value at a path out, or where nothing is there the nearest thing above it; says which path that was. */
  #remove(path: Path, gone: Map<unknown[], Set<number>>): Path | null {
    for (let length = path.length; length > 0; length--) {
      const parent = this.#containerAt(path.slice(0, length - 1));
      const key = path[length - 1];
      if (parent === null || key === undefined) continue;
      const known = length === 1 && Object.hasOwn(this.#standIns, key);
      const standIn = known ? this.#standIns[key] : undefined;
      if (standIn !== undefined) {
        this.document[key] = structuredClone(standIn);
        return [key];
      }
      if (!Object.hasOwn(parent, key)) continue;
      if (Array.isArray(parent)) {
        gone.set(parent, (gone.get(parent) ?? new Set()).add(Number(key)));
      } else delete parent[key];
      return path.slice(0, length);
    }
    return null;
  }

  #containerAt(path: Path): Container | null {
    let node: unknown = this.document;
    for (const key of path) {
      if (!isContainer(node) || !Object.hasOwn(node, key)) return null;
      node = node[key];
    }
    return isContainer(node) ? node : null;
  }
}

function isContainer(node: unknown): node is Container {
  return typeof node === 'object' && node !== null;
}
