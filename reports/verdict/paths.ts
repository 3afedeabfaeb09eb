import { didYouMean } from '../../topologies/near-name.ts';
import { resultJsonSchema } from '../result.ts';

/** A place in a result, such as `latency.response.p99` or `wan.links[*].withinTolerance`, known to be a number or a yes/no. */
export interface ResultPath {
  readonly steps: readonly Step[];
  readonly leaf: 'number' | 'boolean';
  /** What the number counts in, by the suffix of the nearest name that has one; null for a plain number. */
  readonly unit: UnitName | null;
}

/** Into a key of an object; into an item of a list, null for all. `isMap`: a key that may be absent, and is then 0. */
type Step =
  | { readonly kind: 'key'; readonly key: string; readonly isMap: boolean }
  | { readonly kind: 'item'; readonly index: number | null };

export type ParsedPath =
  | { readonly kind: 'path'; readonly path: ResultPath }
  | { readonly kind: 'mistake'; readonly message: string };

/** Suffixes of names; any may be left out in a path: `latency` is `latencyUs`. */
const unitNames = [
  'Us',
  'Ms',
  'Seconds',
  'Percent',
  'Ratio',
  'Bytes',
  'PerSecond',
  'Mbps',
] as const;

export type UnitName = (typeof unitNames)[number];

/** Plain counts inside objects whose name has a unit. */
const unitless = new Set(['count', 'failed', 'negativeSamples']);

/** A node of the JSON Schema of results; only what paths need. */
interface Node {
  readonly type?: string | readonly string[];
  readonly properties?: { readonly [key: string]: Node };
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

let root: Node | null = null;

/** The places of a result by its schema. Not `verdict`: what judges a result cannot be judged by itself. */
function rootNode(): Node {
  if (root === null) {
    const { properties } = resultJsonSchema() as Node;
    const { verdict: _, ...judged } = properties ?? {};
    root = { type: 'object', properties: judged };
  }
  return root;
}

/** Checks a path against the schema of results, without a result. */
export function parsePath(text: string): ParsedPath {
  const words = wordsOf(text);
  if (words === null) {
    return mistake(`"${text}" is no path: expected names joined by dots, [n] or [*] after a list`);
  }
  const steps: Step[] = [];
  let nodes: readonly Node[] = variants(rootNode());
  let at = '';
  let unit: UnitName | null = null;
  for (const word of words) {
    if (word.kind === 'item') {
      const items = nodes.flatMap(({ items: item }) => (item === undefined ? [] : variants(item)));
      if (items.length === 0) return mistake(`${at} is not a list, so it takes no ${word.text}`);
      steps.push({ kind: 'item', index: word.index });
      nodes = items;
    } else {
      const found = findKey(nodes, word.name);
      if (typeof found === 'string') return mistake(`${at === '' ? 'a result' : at} ${found}`);
      steps.push({ kind: 'key', key: found.key, isMap: found.isMap });
      nodes = found.nodes;
      unit = unitless.has(found.key) ? null : (unitOf(found.key) ?? unit);
    }
    at += word.kind === 'item' || at === '' ? word.text : `.${word.text}`;
  }
  const leaf = leafOf(nodes);
  if (leaf === null) return mistake(describeNode(at, nodes));
  return { kind: 'path', path: { steps, leaf, unit } };
}

function mistake(message: string): ParsedPath {
  return { kind: 'mistake', message };
}

type Word =
  | { readonly kind: 'name'; readonly text: string; readonly name: string }
  | { readonly kind: 'item'; readonly text: string; readonly index: number | null };

function wordsOf(text: string): readonly Word[] | null {
  if (!/^[\w-]+(\[(\d{1,9}|\*)\])*(\.[\w-]+(\[(\d{1,9}|\*)\])*)*$/.test(text)) return null;
  return [...text.matchAll(/([\w-]+)|\[(\d+|\*)\]/g)].map((match): Word => {
    const [all, name, index] = match;
    // Inside brackets the first alternative would match the digits, so it is the bracket that decides.
    if (index !== undefined) {
      return { kind: 'item', text: all, index: index === '*' ? null : Number(index) };
    }
    return { kind: 'name', text: all, name: name ?? all };
  });
}

function variants(node: Node): readonly Node[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(variants);
}

/** The exact name, else the name and a suffix, else a key of a map; or what is wrong. */
function findKey(
  nodes: readonly Node[],
  name: string,
): { readonly key: string; readonly isMap: boolean; readonly nodes: readonly Node[] } | string {
  const names = nodes.flatMap(({ properties }) => Object.keys(properties ?? {}));
  const key = [name, ...unitNames.map((suffix) => name + suffix)].find((k) => names.includes(k));
  if (key !== undefined) {
    const inner = nodes.flatMap(({ properties }) => properties?.[key] ?? []);
    return { key, isMap: false, nodes: inner.flatMap(variants) };
  }
  const values = nodes.flatMap(({ additionalProperties: value }) =>
    typeof value === 'object' ? variants(value) : [],
  );
  if (values.length > 0) return { key: name, isMap: true, nodes: values };
  if (nodes.some(({ items }) => items !== undefined)) {
    return `is a list: say which item, such as [0], or [*] for all of them, before .${name}`;
  }
  if (names.length === 0) return `is a single value, so it has no .${name}`;
  const short = names.map((full) => {
    const suffix = unitOf(full);
    return suffix !== null && full.endsWith(suffix) ? full.slice(0, -suffix.length) : full;
  });
  return `has no "${name}"${didYouMean(name, [...new Set([...names, ...short])])}; it has ${[...new Set(names)].join(', ')}`;
}

function unitOf(name: string): UnitName | null {
  const counted = name.replace(/PerOperation$/, '');
  return unitNames.find((suffix) => counted.endsWith(suffix) && counted !== suffix) ?? null;
}

function leafOf(nodes: readonly Node[]): 'number' | 'boolean' | null {
  const types = new Set(nodes.flatMap(({ type }) => type ?? 'any').filter((t) => t !== 'null'));
  if (types.size !== 1) return null;
  if (types.has('number') || types.has('integer')) return 'number';
  return types.has('boolean') ? 'boolean' : null;
}

function describeNode(at: string, nodes: readonly Node[]): string {
  if (nodes.some(({ items }) => items !== undefined)) {
    return `${at} is a list: say which item, such as ${at}[0], or ${at}[*] for all of them`;
  }
  const names = [...new Set(nodes.flatMap(({ properties }) => Object.keys(properties ?? {})))];
  if (names.length > 0) return `${at} is not a number; it has ${names.join(', ')}`;
  if (nodes.some(({ additionalProperties }) => typeof additionalProperties === 'object')) {
    return `${at} is not a number but counts by name: go on with a name, such as ${at}.timeout`;
  }
  return `${at} is text, and only numbers can be compared`;
}

/**
 * The numbers at a path: one, or one an item where it says [*]. A yes is 1 and a no 0; null where a result has null,
 * no such item, or text; 0 for an absent key of a map.
 */
export function valuesAt(path: ResultPath, result: object): readonly (number | null)[] {
  let values: readonly unknown[] = [result];
  for (const step of path.steps) {
    values = values.flatMap((value) => {
      if (step.kind === 'key') return [keyOf(value, step.key, step.isMap)];
      if (!Array.isArray(value)) return [null];
      return step.index === null ? value : [value[step.index] ?? null];
    });
  }
  return values.map((value) => {
    if (typeof value === 'boolean') return value ? 1 : 0;
    return typeof value === 'number' ? value : null;
  });
}

function keyOf(value: unknown, key: string, isMap: boolean): unknown {
  if (typeof value !== 'object' || value === null) return null;
  if (!Object.hasOwn(value, key)) return isMap ? 0 : null;
  return (value as Readonly<Record<string, unknown>>)[key];
}
