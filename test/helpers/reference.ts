/** A node of a JSON Schema; only what a reference says of it. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode | boolean;
  readonly prefixItems?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

interface Row {
  readonly path: string;
  readonly types: readonly string[];
  readonly meanings: readonly string[];
}

/** Text between the two comments that name a part of a page, replaced. Throws where the page has no such part. */
export function withPart(page: string, part: string, content: string): string {
  const [begin, end] = [`<!-- generated: ${part} -->`, '<!-- end of generated -->'];
  const from = page.indexOf(begin);
  const until = page.indexOf(end, from);
  if (from < 0 || until < 0) throw new Error(`no generated part "${part}"`);
  return `${page.slice(0, from + begin.length)}\n${content}\n${page.slice(until)}`;
}

/** Every place of a format as a markdown table. A distribution is one row: its own places have a table of their own. */
export function referenceTable(schema: SchemaNode): string {
  const rows = new Map<string, Row>();
  for (const row of rowsOf(schema, '')) {
    const known = rows.get(row.path);
    rows.set(row.path, known === undefined ? row : joined(known, row));
  }
  return table(
    ['Path', 'Type', 'Meaning'],
    [...rows.values()].map(({ path, types, meanings }) => [
      `\`${path}\``,
      types.join(' or '),
      meanings.join('; '),
    ]),
  );
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function rowsOf(node: SchemaNode, path: string): readonly Row[] {
  const variants = variantsOf(node);
  const own = { path, types: typesOf(node), meanings: meaningsOf(node) };
  if (path !== '' && isDistribution(variants)) return [own];
  const deeper = variants.flatMap((variant) => deeperRows(variant, path));
  const isSaid = deeper.length === 0 || own.meanings.length > 0;
  return path !== '' && isSaid ? [own, ...deeper] : deeper;
}

function deeperRows(node: SchemaNode, path: string): readonly Row[] {
  const { properties = {}, additionalProperties: others, items, prefixItems = [] } = node;
  const named = Object.entries(properties).flatMap(([name, of]) =>
    rowsOf(of, path === '' ? name : `${path}.${name}`),
  );
  const listed = typeof items === 'object' ? [items] : [];
  const parts = [...listed, ...prefixItems].flatMap((of) => innerRows(of, `${path}[]`));
  const byName = typeof others === 'object' ? innerRows(others, `${path}.<name>`) : [];
  return [...named, ...parts, ...byName];
}

/** Items and values by name get rows only for what they are made of: a list of texts is one row. */
function innerRows(node: SchemaNode, path: string): readonly Row[] {
  return variantsOf(node).flatMap((variant) => deeperRows(variant, path));
}

function variantsOf(node: SchemaNode): readonly SchemaNode[] {
  const several = node.anyOf ?? node.oneOf;
  return several === undefined ? [node] : several.flatMap(variantsOf);
}

function isDistribution(variants: readonly SchemaNode[]): boolean {
  return variants.some(({ properties }) => properties !== undefined && 'hdr' in properties);
}

function typesOf(node: SchemaNode): readonly string[] {
  const variants = variantsOf(node);
  if (!isDistribution(variants)) return [...new Set(variants.flatMap(ownTypes))];
  return ['distribution', ...(variants.some(({ type }) => type === 'null') ? ['null'] : [])];
}

const words: Readonly<Record<string, string>> = {
  array: 'list',
  boolean: 'yes or no',
  integer: 'number',
  string: 'text',
};

function ownTypes(node: SchemaNode): readonly string[] {
  if (node.const !== undefined) return [`\`${String(node.const)}\``];
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``);
  if (node.type === 'object' && node.properties === undefined) return ['map by name'];
  const types = typeof node.type === 'string' ? [node.type] : (node.type ?? ['anything']);
  return types.map((type) => words[type] ?? type);
}

function meaningsOf(node: SchemaNode): readonly string[] {
  const own = node.description ?? variantsOf(node).find((v) => v.description)?.description;
  const { default: value } = node;
  const isShown = value !== undefined && typeof value !== 'object';
  return [...(own === undefined ? [] : [own]), ...(isShown ? [`default \`${value}\``] : [])];
}

function joined(a: Row, b: Row): Row {
  return {
    path: a.path,
    types: [...new Set([...a.types, ...b.types])],
    meanings: [...new Set([...a.meanings, ...b.meanings])],
  };
}
