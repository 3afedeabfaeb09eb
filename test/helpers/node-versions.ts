import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'busbench-tests');

/** The majors of Node that busbench is tested on. */
export const testedMajors: readonly number[] = [20, 22, 24];

/** An environment whose `node` is of one major, or why there is none. */
export type NodeVersion = { readonly env: NodeJS.ProcessEnv } | { readonly missing: string };

/** Ours where it is of that major; else the one that npm packages, kept between runs of the tests. */
export async function nodeVersion(major: number): Promise<NodeVersion> {
  if (process.versions.node.startsWith(`${major}.`)) return { env: withFirst(process.execPath) };
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, `node-${major}`);
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  try {
    if (!existsSync(program)) {
      await mkdir(folder, { recursive: true });
      const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', `${name}@${major}`];
      await promisify(execFile)('npm', args);
    }
    return { env: withFirst(program) };
  } catch (error) {
    const [why = ''] = String((error as Error).message)
      .split('\n')
      .slice(1, 2);
    return { missing: `no Node ${major}: npm cannot install ${name}@${major} (${why})` };
  }
}

function withFirst(program: string): NodeJS.ProcessEnv {
  const path = `${dirname(program)}${delimiter}${process.env['PATH'] ?? ''}`;
  return { ...process.env, PATH: path };
}
