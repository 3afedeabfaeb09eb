import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folders = ['topologies', 'agents', 'reports', 'orchestrator'] as const;

const files: readonly string[] = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.ts')),
);

/** What a file imports of ours, types included: who reads one must read the other. */
const imports: readonly (readonly [from: string, to: string])[] = files.flatMap((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
    (match) =>
      [path, relative(root, normalize(join(root, dirname(path), match[1] ?? '')))] as const,
  );
});

it('has no circles of files', () => {
  expect(circlesOf(imports)).toEqual([]);
});

/** Between rooms of one house: a file that lies in the house itself is its face, and may know them all. */
it('has no circles of folders', () => {
  const arrows = imports.flatMap(([from, to]) => {
    const [a, b] = [from.split('/'), to.split('/')];
    const parting = a.findIndex((step, i) => step !== b[i]);
    const areRooms = parting >= 0 && parting < a.length - 1 && parting < b.length - 1;
    const room = (steps: readonly string[]): string => steps.slice(0, parting + 1).join('/');
    return areRooms ? [[room(a), room(b)] as const] : [];
  });
  expect(circlesOf(arrows)).toEqual([]);
});

it('sees a circle where there is one', () => {
  const arrows = [
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'b'],
    ['c', 'd'],
  ] as const;
  expect(circlesOf(arrows)).toEqual(['b -> c -> b']);
});

/** One shortest circle through each knot of a graph, by its first name in the alphabet. */
function circlesOf(arrows: readonly (readonly [from: string, to: string])[]): readonly string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of arrows) next.set(from, (next.get(from) ?? new Set()).add(to));
  const told = new Set<string>();
  const circles: string[] = [];
  for (const start of [...next.keys()].sort()) {
    const circle = told.has(start) ? null : wayBack(start, next);
    if (circle === null) continue;
    for (const name of circle) told.add(name);
    circles.push([...circle, start].join(' -> '));
  }
  return circles;
}

/** The shortest way from a name back to itself; null when there is none. */
function wayBack(
  start: string,
  next: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] | null {
  const seen = new Set<string>();
  const queue: (readonly string[])[] = [[start]];
  for (const way of queue) {
    for (const name of next.get(way.at(-1) ?? '') ?? []) {
      if (name === start) return way;
      if (!seen.has(name)) queue.push([...way, name]);
      seen.add(name);
    }
  }
  return null;
}
