// Set-up shared by `npm start` and `npm test`: installs and builds, each only when out of date.
// Plain JavaScript on purpose: it runs before anything is installed. Everything it prints goes to stderr.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const bundler = join(root, 'scripts', 'bundle.mjs');
const sources = ['topologies', 'agents', 'reports', 'orchestrator', 'bench'];

/** Installs dependencies and compiles; ends the process with a clear message when it cannot. */
export function setUp() {
  requireNode();
  install();
  build();
}

/** Compiles, with the compiler that is there (npm brings it for an install from git) or is then installed. */
export function compile() {
  requireNode();
  if (!existsSync(compiler)) install();
  build();
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node >= 20.19 is needed, this is ${process.version}. Install a newer Node (nodejs.org).`);
}

function install() {
  const marker = join(root, 'node_modules', '.busbench-installed');
  const wanted = fingerprint([join(root, 'package-lock.json'), join(root, 'package.json')]);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  say('installing dependencies (npm ci) ...');
  runOrFail(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    'npm ci failed: is the npm registry reachable?',
  );
  writeFileSync(marker, wanted);
}

function build() {
  const marker = join(root, 'dist', '.busbench-built');
  const files = sources.flatMap((folder) => list(join(root, folder)));
  const wanted = fingerprint([
    ...files,
    bundler,
    join(root, 'tsconfig.json'),
    join(root, 'tsconfig.build.json'),
  ]);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  say('compiling ...');
  runOrFail(process.execPath, [compiler, '-p', 'tsconfig.build.json'], 'the build failed.');
  runOrFail(process.execPath, [bundler], 'the build failed.');
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(marker, wanted);
}

function list(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.ts') && statSync(path).isFile())
    .sort();
}

function fingerprint(files) {
  const hash = createHash('sha256').update(process.versions.modules);
  for (const file of files) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
}

function runOrFail(command, args, message) {
  // The child's stdout goes to our stderr: stdout belongs to the report.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`${message}${error ? ` (${error.message})` : ''}`);
}

export function say(text) {
  process.stderr.write(`busbench set-up: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(3);
}
