import type { RunResult } from './result.ts';

/** Fields whose null stands for a missing object, text or judgement, not for a missing number. */
const notNumeric = new Set([
  'failure',
  'interSiteRatioReason',
  'withinTolerance',
  'fanout',
  'accepted',
  'requestLeg',
  'hold',
  'replyLeg',
  'fanoutFirst',
  'fanoutLast',
  'reconnect',
  'mending',
  'recovery',
  'address',
  'link',
]);

/**
 * Every number of a result by a path that says whose it is: `latencyUs.response.p99`, `locality.matrix.paris>lyon.count`,
 * `wan.links.paris>lyon.rttP50Ms` (what was measured of a link is the link's), in the order of the document; null where
 * the number is not known. `[n]` stands where items of a list have nothing that tells them apart.
 */
export function flattenResult(result: RunResult): Record<string, number | null> {
  const flat: Record<string, number | null> = {};
  for (const [path, value] of leaves(result, '', '')) {
    if (typeof value === 'number' || value === null) flat[path] = value;
  }
  return flat;
}

type Leaf = number | string | boolean | null;

/** Every leaf under a value with its path; a null that stands for a missing object is left out. */
export function* leaves(value: unknown, path: string, name: string): Generator<[string, Leaf]> {
  if (Array.isArray(value)) {
    const labels = labelsOf(value);
    for (const [index, item] of value.entries()) {
      const label = labels?.[index];
      yield* leaves(item, label === undefined ? `${path}[${index}]` : `${path}.${label}`, name);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const own = key === 'measured' || path === '' ? path : `${path}.`;
      yield* leaves(item, key === 'measured' ? own : `${own}${key}`, key);
    }
  } else if (value !== undefined && (value !== null || !notNumeric.has(name))) {
    yield [path, value as Leaf];
  }
}

/** What tells the items of a list apart: `paris>lyon` of a link or a pair of sites, else their own name. */
function labelsOf(items: readonly unknown[]): readonly string[] | null {
  const labels = items.flatMap((item) => labelOf(item) ?? []);
  return labels.length === items.length && new Set(labels).size === labels.length ? labels : null;
}

function labelOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null) return null;
  const { from, to, client, server, name, site } = item as Readonly<Record<string, unknown>>;
  if (typeof from === 'string' && typeof to === 'string') return `${from}>${to}`;
  if (typeof client === 'string' && typeof server === 'string') return `${client}>${server}`;
  const own = name ?? site;
  return typeof own === 'string' ? own : null;
}
