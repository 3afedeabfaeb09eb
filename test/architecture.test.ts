import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folders = ['topologies', 'agents', 'reports', 'orchestrator'] as const;
// 320 that belong together beat a file of parts.
const maxFileLines = 320;
const maxFunctionLines = 80;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

interface Import {
  readonly specifier: string;
  /** Erased by the compiler: nothing of that file runs here. */
  readonly typeOnly: boolean;
}

const sources: readonly Source[] = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.ts'))
    .map(readSource),
);

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const statement =
    /^(?:import|export)\s+(type\s)?[^'";]*?from\s*'([^']+)'|import\s*\(?\s*'([^']+)'/gm;
  const imports = [...text.matchAll(statement)].map(([, type, from, bare]) => ({
    specifier: from ?? bare ?? '',
    typeOnly: type !== undefined,
  }));
  return { path, text, imports };
}

/** Path from the root of each of our own files that a source imports. */
function ownImports({ path, imports }: Source): { target: string; typeOnly: boolean }[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, typeOnly }) => ({
      target: relative(root, normalize(join(root, dirname(path), specifier))),
      typeOnly,
    }));
}

const mayImport: Readonly<Record<string, RegExp>> = {
  topologies: /^topologies\//,
  agents: /^(agents|topologies)\//,
  reports: /^(reports\/|topologies\/|agents\/(protocol|bitmap)\.ts$)/,
  orchestrator:
    /^(orchestrator|reports|topologies)\/|^agents\/(protocol|joining|header|clock|alarm|lines|silence)\.ts$/,
};

/** What a bus and a driver say to each other is written down once, beside the driver: types, which are erased. */
const terms =
  /^agents\/drivers\/((amqplib|memory|rhea|zeromq)\/endpoint|endpoint|addresses|tls)\.ts$/;

/**
 * A bus's helper program is a process of its own that speaks the bus's protocol with the driver's parts. It is a
 * `-main.ts`, and whatever of its bus only such programs import.
 */
const programs: ReadonlySet<string> = programFiles();

function programFiles(): ReadonlySet<string> {
  const candidates = sources.filter(({ path }) => path.startsWith('orchestrator/buses/'));
  const found = new Set(
    candidates.map(({ path }) => path).filter((path) => /-main\.ts$/.test(path)),
  );
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { path } of candidates) {
      const importers = sources.filter((source) =>
        ownImports(source).some(({ target, typeOnly }) => target === path && !typeOnly),
      );
      if (importers.length > 0 && importers.every((source) => found.has(source.path))) {
        found.add(path);
      }
    }
  }
  return found;
}

/** Packages that only one place may import, so that a broken one breaks only that. */
const confined: readonly (readonly [name: RegExp, where: RegExp])[] = [
  [/^(amqplib|rhea|zeromq)(\/|$)/, /^agents\/drivers\//],
  [/^koffi$/, /^orchestrator\/fabrics\//],
  [/^execa$/, /^orchestrator\//],
  [/^commander$/, /^orchestrator\/(cli\.ts|commands\/)/],
  [/^echarts/, /^reports\//],
];

/** What the parts of a run stand on: errors, processes, and each other. */
const standing = /^orchestrator\/(hosts|fabrics|buses)\//;
const ground = /^(agents|reports|topologies)\/|^orchestrator\/(errors\.ts$|processes\/)/;

describe('architecture', () => {
  it('keeps imports pointing left: topologies < agents < reports < orchestrator', () => {
    const wrong = sources.flatMap((source) => {
      const folder = source.path.split('/')[0] ?? '';
      const allowed = mayImport[folder] ?? /^$/;
      return ownImports(source)
        .filter(({ target }) => !allowed.test(target))
        .filter(({ target, typeOnly }) => !(typeOnly && terms.test(target)))
        .filter(({ target }) => !(programs.has(source.path) && target.startsWith('agents/')))
        .map(({ target }) => `${source.path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('lets hosts, fabrics and buses know nothing of who conducts', () => {
    const imports = sources
      .filter(({ path }) => standing.test(path) || path.startsWith('orchestrator/processes/'))
      .flatMap((source) => ownImports(source).map(({ target }) => [source.path, target] as const));
    expect(imports.length).toBeGreaterThan(100);
    const wrong = imports.filter(
      ([path, target]) => !(ground.test(target) || (standing.test(path) && standing.test(target))),
    );
    expect(wrong.map(([path, target]) => `${path} imports ${target}`)).toEqual([]);
  });

  it('has no file beside a folder of its name', () => {
    const rooms = [...folders, 'test'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true }),
    );
    const names = (isWanted: boolean, end: RegExp): readonly string[] =>
      rooms
        .filter((entry) => entry.isDirectory() === isWanted)
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).replace(end, ''));
    const files = names(false, /(\.test)?\.ts$/);
    const directories = names(true, /$^/);
    expect(directories.filter((directory) => files.includes(directory))).toEqual([]);
  });

  it('keeps client libraries and native modules where they belong', () => {
    const wrong = sources.flatMap((source) =>
      source.imports.flatMap(({ specifier }) =>
        confined
          .filter(([name, where]) => name.test(specifier) && !where.test(source.path))
          .filter(() => !programs.has(source.path))
          .map(() => `${source.path} imports ${specifier}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps files short', () => {
    const long = sources.filter(({ text }) => text.split('\n').length - 1 > maxFileLines);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('keeps functions short', () => {
    const long = sources.flatMap(({ path, text }) =>
      functionLengths(text)
        .filter(({ lines }) => lines > maxFunctionLines)
        .map(({ name, lines }) => `${path}: ${name} has ${lines} lines`),
    );
    expect(long).toEqual([]);
  });

  it('leaves no markers and no holes in the types', () => {
    const marker = /\b(TODO|FIXME|XXX|HACK)\b|@ts-ignore|@ts-expect-error|: any\b|\bas any\b/;
    const wrong = sources.filter(({ text }) => marker.test(text)).map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  it('prints only in cli.ts, commands/ and programs whose stdout is their channel', () => {
    const printing = /process\.(stdout|exitCode)|\bconsole\.(log|error|warn)\(/;
    const wrong = sources
      .filter(({ path, text }) => path.startsWith('orchestrator/') && printing.test(text))
      .filter(({ path }) => !/^orchestrator\/(cli\.ts|commands\/|.*-main\.ts$)/.test(path))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  it('documents every error code', () => {
    const documented = readFileSync(join(root, 'docs/errors.md'), 'utf8');
    const literal = /'([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)'/g;
    const codes = new Set(
      sources.flatMap(({ text }) => [...text.matchAll(literal)].map((m) => m[1] ?? '')),
    );
    for (const name of codes)
      if (
        /^(BUSBENCH_|RABBITMQ_MNESIA_BASE$|SSH_CONNECTION$|NO_COLOR$|FORCE_COLOR$|MULTIPLE_DOCS$|UNEXPECTED_TOKEN$)/.test(
          name,
        )
      )
        codes.delete(name);
    expect(codes.size).toBeGreaterThan(10);
    const missing = [...codes].filter((code) => !documented.includes(`\`${code}\``));
    expect(missing).toEqual([]);
  });

  it('opens every driver with its table', () => {
    const drivers = ['memory', 'zeromq', 'amqplib', 'rhea'];
    for (const name of drivers) {
      const driver = sources.find(({ path }) => path === `agents/drivers/${name}/${name}.ts`);
      const opening = driver?.text.slice(0, 1_500).toLowerCase() ?? '';
      const rows = [/library/, /protocol/, /supports/, /acknowledge|at least once/, /limits/];
      for (const row of rows) expect(opening, `${name} says: ${row}`).toMatch(row);
    }
  });
});

/** Top-level and method-level functions by indentation, which the formatter guarantees. */
function functionLengths(text: string): { readonly name: string; readonly lines: number }[] {
  const found: { name: string; lines: number }[] = [];
  const lines = text.split('\n');
  lines.forEach((line, start) => {
    const opening =
      /^( {0,2})(?:export )?(?:async )?(?:static )?(?:async )?(?:function )?(#?\w+)\(.*\{$/.exec(
        line,
      );
    if (!opening || /^\s*(if|for|while|switch|catch)\b/.test(line)) return;
    const end = lines.findIndex((other, i) => i > start && other === `${opening[1]}}`);
    if (end > start) found.push({ name: opening[2] ?? '', lines: end - start + 1 });
  });
  return found;
}
