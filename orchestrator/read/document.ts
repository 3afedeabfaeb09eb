import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import { type Path, parsePath, pathText, related } from '../../topologies/language/path.ts';
import type { Mistake } from '../errors.ts';

/** A parsed YAML file with the `--set` overrides laid over it. */
export interface SourceDocument {
  /** Plain data; undefined when the file could not be read as YAML at all. */
  readonly value: unknown;
  /** Syntax errors, duplicate keys, bad overrides. */
  readonly mistakes: readonly Mistake[];
  /** True when `value` is all of the document, and what else is wrong with it is worth saying. */
  readonly readable: boolean;
  /** A mistake at a path, with its line and column, or with the `--set` that put it there. */
  mistakeAt(path: Path, message: string, at?: 'key' | 'value'): Mistake;
}

/** Larger files are not scenarios; the bound keeps hostile input from taking long. */
const maxCharacters = 256 * 1024;
/** How much aliases may multiply the document. */
const maxAliasCount = 100;

/** Reads YAML 1.2 and applies `path=value` overrides in order. Never throws. */
export function readDocument(text: string, sets: readonly string[]): SourceDocument {
  const lines = new LineCounter();
  const mistakes: Mistake[] = [];
  const document = compose(text, lines, mistakes);
  const applied: { readonly path: Path; readonly text: string }[] = [];
  let value = mistakes.length > 0 ? undefined : toPlain(document, lines, mistakes);
  const readable = mistakes.length === 0;
  if (readable && document !== null) {
    findDuplicates(document, lines, mistakes);
    for (const set of sets) {
      const outcome = applySet(value, set);
      if ('problem' in outcome) {
        mistakes.push({
          path: '',
          line: 0,
          column: 0,
          message: `--set ${set}: ${outcome.problem}`,
        });
      } else {
        value = outcome.value;
        applied.push({ path: outcome.path, text: set });
      }
    }
  }
  return {
    value,
    mistakes,
    readable,
    mistakeAt(path, message, at = 'value') {
      const override = applied.findLast(
        (set) => set.path.length <= path.length && related(set.path, path),
      );
      if (override !== undefined) {
        return { path: pathText(path), line: 0, column: 0, message, set: override.text };
      }
      const offset = document === null ? 0 : offsetOf(document, path, at);
      const { line, col } = lines.linePos(offset);
      return { path: pathText(path), line: Math.max(1, line), column: Math.max(1, col), message };
    },
  };
}

function compose(text: string, lines: LineCounter, mistakes: Mistake[]): Document.Parsed | null {
  const fail = (message: string): null => {
    mistakes.push({ path: '', line: 1, column: 1, message });
    return null;
  };
  if (text.length > maxCharacters) {
    return fail(`expected at most ${maxCharacters} characters of YAML, got ${text.length}`);
  }
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      schema: 'core',
      // Quadratic in the parser; `findDuplicates` does it in one pass and says where the first one was.
      uniqueKeys: false,
      merge: true,
      logLevel: 'error',
    });
    // After the first error the parser is lost: what it says of the rest follows from that one.
    for (const problem of [...document.errors.slice(0, 1), ...document.warnings]) {
      const { line, col } = lines.linePos(problem.pos[0]);
      mistakes.push({
        path: '',
        line: Math.max(1, line),
        column: Math.max(1, col),
        message: `YAML: ${problemText(problem, text)}`,
      });
    }
  } catch (error) {
    return fail(`cannot be read as YAML: ${reasonOf(error)}`);
  }
  return document;
}

/** What went wrong, in words of ours where the parser's are about itself. */
function problemText({ code, message, pos }: YAMLParseError | YAMLWarning, text: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; expected one in a file';
  const at = text[pos[0]] ?? '';
  if (code === 'UNEXPECTED_TOKEN' && '[]{},'.includes(at) && at !== '') {
    return `unexpected ${at} here; a text with one of [ ] { } , in it needs quotes`;
  }
  return firstLine(message);
}

function findDuplicates(document: Document.Parsed, lines: LineCounter, mistakes: Mistake[]): void {
  visit(document, {
    Map(_, map) {
      const seen = new Map<string, number>();
      for (const pair of map.items) {
        const key = keyText(pair);
        const offset = rangeStart(pair.key);
        const first = seen.get(key);
        const { line, col } = lines.linePos(offset);
        if (first === undefined) seen.set(key, line);
        else {
          const message = `the key ${JSON.stringify(key)} was already given in line ${first}`;
          mistakes.push({ path: '', line, column: col, message });
        }
      }
    },
  });
}

function toPlain(
  document: Document.Parsed | null,
  lines: LineCounter,
  mistakes: Mistake[],
): unknown {
  try {
    return structuredClone(document?.toJS({ maxAliasCount }) as unknown);
  } catch (error) {
    const { line, col } = lines.linePos(0);
    const message = `cannot be read as YAML: ${reasonOf(error)}`;
    mistakes.push({ path: '', line: Math.max(1, line), column: Math.max(1, col), message });
    return undefined;
  }
}

/** Offset of the key or value at a path, or of the nearest thing above it that exists. */
function offsetOf(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node);
  for (const [depth, part] of path.entries()) {
    const container: unknown = isAlias(node) ? node.resolve(document) : node;
    if (isMap(container)) {
      const pair = pairsOf(container, document).get(String(part));
      if (pair === undefined) return offset;
      const missing = isScalar(pair.value) && pair.value.source === '';
      const isLast = depth === path.length - 1;
      node = pair.value;
      offset = rangeStart(pair.key);
      if (isLast && at === 'value' && !missing && node !== null) return rangeStart(node);
    } else if (isSeq(container)) {
      const item: unknown = container.items[Number(part)];
      if (item === undefined) return offset;
      node = isPair(item) ? item.value : item;
      offset = rangeStart(node);
    } else return offset;
  }
  return offset;
}

const pairIndex = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** The pairs of a map by key, the last of duplicates; kept, because a map may hold many mistakes. */
function pairsOf(map: YAMLMap, document: Document): ReadonlyMap<string, Pair> {
  const known = pairIndex.get(map);
  if (known !== undefined) return known;
  const own = map.items.map((pair) => [keyText(pair), pair] as const);
  const merged = map.items.filter(isMerge).flatMap(({ value }) => mergedPairs(value, document));
  const pairs = new Map([...merged, ...own]);
  pairIndex.set(map, pairs);
  return pairs;
}

/** `<<`: its map, or maps of its list, lend their keys to the map around it; earlier ones win. */
function isMerge(pair: Pair): boolean {
  return isScalar(pair.key) && typeof pair.key.value === 'symbol';
}

function mergedPairs(value: unknown, document: Document): readonly (readonly [string, Pair])[] {
  const source: unknown = isAlias(value) ? value.resolve(document) : value;
  if (isSeq(source)) {
    return source.items.toReversed().flatMap((item) => mergedPairs(item, document));
  }
  return isMap(source) ? [...pairsOf(source, document)] : [];
}

function rangeStart(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

function keyText(pair: Pair): string {
  if (isMerge(pair)) return '<<';
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

type SetOutcome = { readonly value: unknown; readonly path: Path } | { readonly problem: string };

/** Lays one `path=value` over plain data; maps on the way are made where nothing is. */
function applySet(root: unknown, set: string): SetOutcome {
  const equals = set.indexOf('=');
  if (equals <= 0) return { problem: 'expected path=value, such as workload.pace.rate=2000/s' };
  const path = parsePath(set.slice(0, equals).trim());
  if (path.length === 0 || path.some((part) => part === ''))
    return { problem: 'expected a path of names and indices' };
  const text = readDocument(set.slice(equals + 1), []);
  const [mistake] = text.mistakes;
  if (mistake !== undefined) return { problem: mistake.message };
  return put(root, path, 0, text.value);
}

function put(container: unknown, path: Path, depth: number, value: unknown): SetOutcome {
  const part = path[depth];
  if (part === undefined) return { value, path };
  const isNewList = (container === undefined || container === null) && typeof part === 'number';
  if (Array.isArray(container) || isNewList) {
    const list: readonly unknown[] = Array.isArray(container) ? container : [];
    const index = /^[0-9]{1,9}$/.test(String(part)) ? Number(part) : -1;
    if (index < 0 || index > list.length) {
      const found = `${pathText(path.slice(0, depth))} is a list of ${list.length}`;
      return { problem: `${found}; expected an index up to ${list.length}, got ${part}` };
    }
    const inner = put(list[index], path, depth + 1, value);
    if ('problem' in inner) return inner;
    return { value: list.toSpliced(index, 1, inner.value), path };
  }
  if (container !== undefined && container !== null && typeof container !== 'object') {
    return { problem: `${pathText(path.slice(0, depth))} is not a map` };
  }
  const map = new Map(Object.entries(container ?? {}));
  const inner = put(map.get(String(part)), path, depth + 1, value);
  if ('problem' in inner) return inner;
  map.set(String(part), inner.value);
  return { value: Object.fromEntries(map), path };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  return error instanceof Error ? firstLine(error.message) : String(error);
}
