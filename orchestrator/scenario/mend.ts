import type { Path } from './path.ts';
import { readShape, type ScenarioShape } from './scenario-shape.ts';
import { type ShapeIssue, shapeIssues, wording } from './shape-issues.ts';

/** What could be read of a scenario that has mistakes of shape. */
export interface MendedShape {
  /** Null when nothing is left to look at. */
  readonly value: ScenarioShape | null;
  readonly issues: readonly ShapeIssue[];
  /** Paths whose values are defaults in place of something mistaken: conclusions from them are worthless. */
  readonly tainted: readonly Path[];
}

const maxRounds = 100;

/**
 * Reads the shape and reports every mistake of it. Mistaken values are then taken out and defaults stand in for
 * them, so that names and combinations elsewhere can still be checked in the same pass.
 */
export function mendShape(raw: unknown): MendedShape {
  const strict = readShape(raw, 'strict', wording);
  if (strict.ok) return { value: strict.value, issues: [], tainted: [] };
  const issues = shapeIssues(strict.issues);
  const tainted = issues.filter((issue) => issue.at === 'value').map((issue) => issue.path);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { value: null, issues, tainted };
  }
  const copy = structuredClone(raw) as Container;
  for (let round = 0; round < maxRounds; round++) {
    const outcome = readShape(copy, 'lenient', wording);
    if (outcome.ok) return { value: outcome.value, issues, tainted };
    for (const { path, at } of shapeIssues(outcome.issues)) {
      const removed = remove(copy, path);
      if (removed === null) return { value: null, issues, tainted };
      if (at === 'value' || removed.length < path.length) tainted.push(removed);
    }
  }
  return { value: null, issues, tainted };
}

type Container = Record<string | number, unknown>;

/**
 * Takes the value at a path out, or where nothing is there the nearest thing above it; says which path that was.
 * An element of a list becomes a hole, so that the others keep their index.
 */
function remove(root: Container, path: Path): Path | null {
  for (let length = path.length; length > 0; length--) {
    const parent = containerAt(root, path.slice(0, length - 1));
    const key = path[length - 1];
    if (parent === null || key === undefined || !Object.hasOwn(parent, key)) continue;
    if (Array.isArray(parent)) {
      if (parent[Number(key)] === undefined) continue;
      parent[Number(key)] = undefined;
    } else delete parent[key];
    return path.slice(0, length);
  }
  return null;
}

function containerAt(root: Container, path: Path): Container | null {
  let node: unknown = root;
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return null;
    node = (node as Container)[key];
  }
  return typeof node === 'object' && node !== null ? (node as Container) : null;
}
