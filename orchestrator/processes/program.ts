import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, whether we run from the sources or from `dist`. */
export const projectRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json of busbench not found above its own code');
  return findRoot(parent);
}

/** Path of a compiled program of ours, such as `agents/main`, to be run by node as a process of its own. */
export function programPath(name: string): string {
  return join(projectRoot, 'dist', `${name}.js`);
}

/** The version in our package.json. */
export function busbenchVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return known ? String(manifest.version) : 'unknown';
}
