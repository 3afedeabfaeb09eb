import { parse } from 'yaml';
import { shellWords } from './ssh-arguments.ts';

/** An Ansible inventory as far as it stands in one file: hosts of each group, those of its children included. */
export interface Inventory {
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  /** By host; what groups give to their hosts included. */
  readonly variables: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** What only Ansible itself can read. */
export class BeyondStatic extends Error {}

interface Group {
  readonly hosts: Map<string, Record<string, string>>;
  readonly children: Set<string>;
  readonly variables: Record<string, string>;
}

/** Reads INI or YAML: groups, children, variables of hosts and groups, ranges such as `h[1:3]`. Throws BeyondStatic for the rest. */
export function parseInventory(text: string, isYaml: boolean): Inventory {
  const groups = isYaml ? yamlGroups(text) : iniGroups(text);
  const names = [...groups.keys()];
  const hostsOf = (name: string, seen: readonly string[] = []): readonly string[] => {
    const group = groups.get(name);
    if (group === undefined || seen.includes(name)) return [];
    const below = [...group.children].flatMap((child) => hostsOf(child, [...seen, name]));
    return [...group.hosts.keys(), ...below];
  };
  const members = new Map(names.map((name) => [name, new Set(hostsOf(name))]));
  const variables = new Map<string, Record<string, string>>();
  // The more hosts a group has the less it knows of each: what smaller ones say counts more, and the host's own most.
  const bySize = names.toSorted(
    (a, b) => (members.get(b)?.size ?? 0) - (members.get(a)?.size ?? 0),
  );
  for (const name of bySize) {
    for (const host of members.get(name) ?? []) {
      variables.set(host, { ...variables.get(host), ...groups.get(name)?.variables });
    }
  }
  for (const { hosts } of groups.values()) {
    for (const [host, own] of hosts) variables.set(host, { ...variables.get(host), ...own });
  }
  return { groups: members, variables };
}

function emptyGroup(): Group {
  return { hosts: new Map(), children: new Set(), variables: {} };
}

function iniGroups(text: string): Map<string, Group> {
  const groups = new Map<string, Group>([['ungrouped', emptyGroup()]]);
  const group = (name: string): Group => {
    const found = groups.get(name) ?? emptyGroup();
    groups.set(name, found);
    return found;
  };
  let [current, kind] = ['ungrouped', 'hosts'];
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || /^[#;]/.test(line)) continue;
    const [, name, section = 'hosts'] = /^\[([^\]:]+)(?::(children|vars))?\]$/.exec(line) ?? [];
    if (name !== undefined) {
      [current, kind] = [name, section];
      group(current);
    } else if (line.startsWith('[')) throw new BeyondStatic(`line ${i + 1}: ${line}`);
    else if (kind === 'children') group(current).children.add(line);
    else if (kind === 'vars') Object.assign(group(current).variables, variableOf(line, i + 1));
    else {
      const [pattern = '', ...words] = shellWords(line.replace(/\s#.*$/, ''));
      const own = Object.assign({}, ...words.map((word) => variableOf(word, i + 1)));
      for (const host of namesOf(pattern, i + 1)) {
        group(current).hosts.set(host, { ...group(current).hosts.get(host), ...own });
      }
    }
  }
  return groups;
}

function variableOf(text: string, line: number): Record<string, string> {
  const [, name, value] = /^([A-Za-z_]\w*)\s*=\s*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new BeyondStatic(`line ${line}: expected name=value, got ${text}`);
  }
  return { [name]: value.replace(/^(["'])(.*)\1$/s, '$2') };
}

/** `h[1:3]`, `h[01:10]`; a name without a range is itself. */
function namesOf(pattern: string, line: number): readonly string[] {
  const [, before = '', from = '', to = '', after = ''] =
    /^([^[]*)\[(\d+):(\d+)\]([^[]*)$/.exec(pattern) ?? [];
  if (from === '') {
    if (/[[\]]/.test(pattern)) throw new BeyondStatic(`line ${line}: ${pattern}`);
    return [pattern];
  }
  const count = Number(to) - Number(from) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => {
    return `${before}${String(Number(from) + i).padStart(from.length, '0')}${after}`;
  });
}

function yamlGroups(text: string): Map<string, Group> {
  const groups = new Map<string, Group>();
  const visit = (name: string, node: unknown): void => {
    const group = groups.get(name) ?? emptyGroup();
    groups.set(name, group);
    for (const [pattern, own] of entriesOf(node, 'hosts')) {
      for (const host of namesOf(pattern, 0)) group.hosts.set(host, texts(own));
    }
    Object.assign(group.variables, texts(Object.fromEntries(entriesOf(node, 'vars'))));
    for (const [child, below] of entriesOf(node, 'children')) {
      group.children.add(child);
      visit(child, below);
    }
  };
  const root: unknown = parse(text);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    throw new BeyondStatic('expected a map of groups');
  }
  for (const [name, node] of Object.entries(root)) visit(name, node);
  return groups;
}

function entriesOf(node: unknown, key: string): readonly (readonly [string, unknown])[] {
  if (typeof node !== 'object' || node === null || !(key in node)) return [];
  const value = (node as Readonly<Record<string, unknown>>)[key];
  if (value === null) return [];
  if (typeof value !== 'object') throw new BeyondStatic(`${key}: expected a map`);
  return Object.entries(value);
}

function texts(node: unknown): Record<string, string> {
  if (typeof node !== 'object' || node === null) return {};
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, String(value)]));
}
