import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { busbenchVersion, projectRoot } from '../../processes/program.ts';
import { tarOf } from './tar.ts';

/** A file of ours by the path it has on the machine that runs it. */
interface Shipped {
  readonly path: string;
  readonly file: string;
}

/** Our code as it goes to a machine: what its programs import, and nothing else. */
export interface Archive {
  /** Of the folder there: the version, and a checksum of every file. */
  readonly name: string;
  /** A gzipped tar; made when it is first asked for. */
  content(): Promise<Buffer>;
}

/** Folders whose programs run where the orchestrator does, and nowhere else. */
const stayHere = /^dist\/(bench|orchestrator\/(keeper|commands|fabrics\/(loopback|namespaces)))\//;
/** Files that are started by their path: nobody imports them. */
const program = /(-main|-worker|\/agents\/main|\/gateway)\.js$/;
const ownImport = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
const packageImport = /(?:from|import)\s*\(?\s*'((?:@[a-z][^/']*\/)?[a-z][^/:']*)(?:\/[^']*)?'/g;

/** Of a package, what Node reads; and of zeromq's native builds those that load on Linux with a glibc or musl of 2021. */
const readByNode = /\.([cm]?js|json|node)$/;
const unread =
  /\/(test|tests|examples|script|node-addon-api)\/|\.min\.js$|\/build\/(darwin|win32)\//;
const nativeBuild = /\/build\/linux\/(x64|arm64)\/node\/(glibc|musl)-127-Release\/[^/]+$/;

let made: Archive | null = null;

/** The archive of this installation; read once a process. */
export function ownArchive(): Archive {
  made ??= makeArchive(shippedFiles());
  return made;
}

function makeArchive(files: readonly Shipped[]): Archive {
  const hash = createHash('sha256');
  const contents = files.map(({ path, file }) => ({ path, content: readFileSync(file) }));
  for (const { path, content } of contents)
    hash.update(`${path} ${content.length}\n`).update(content);
  let content: Promise<Buffer> | null = null;
  return {
    name: `${busbenchVersion()}-${hash.digest('hex').slice(0, 16)}`,
    content: () => {
      content ??= promisify(gzip)(tarOf(contents));
      return content;
    },
  };
}

function shippedFiles(): readonly Shipped[] {
  const packages = new Map<string, string>();
  const sources = new Set<string>();
  const visit = (file: string): void => {
    if (sources.has(file)) return;
    sources.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, target = ''] of text.matchAll(ownImport)) visit(resolve(dirname(file), target));
    for (const [, name = ''] of text.matchAll(packageImport)) addPackage(name, file, packages);
  };
  for (const file of walk(join(projectRoot, 'dist'))) {
    const path = relative(projectRoot, file);
    if (program.test(`/${path}`) && !stayHere.test(path)) visit(file);
  }
  const own = [join(projectRoot, 'package.json'), ...sources].map((file) => ({
    path: relative(projectRoot, file),
    file,
  }));
  const theirs = [...packages].flatMap(([name, folder]) =>
    walk(folder)
      .filter((file) => isRead(relative(dirname(folder), file)))
      .map((file) => ({ path: join('node_modules', name, relative(folder, file)), file })),
  );
  return [...own, ...theirs].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isRead(path: string): boolean {
  if (path.endsWith('.node')) return nativeBuild.test(path);
  return readByNode.test(path) && !unread.test(path);
}

/** A package and all that it depends on, by the rule that Node itself follows from the file that asks. */
function addPackage(name: string, from: string, found: Map<string, string>): void {
  if (found.has(name)) return;
  const folder = packageFolder(name, dirname(from));
  // Types alone, an optional one that was not installed, or a program's own name in a text.
  if (folder === null) return;
  found.set(name, folder);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Readonly<Record<string, string>>;
  };
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    addPackage(dependency, join(folder, 'package.json'), found);
  }
}

function packageFolder(name: string, from: string): string | null {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(from);
  return parent === from ? null : packageFolder(name, parent);
}

function walk(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
