import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { busbenchProgram } from '../../helpers/cli.ts';

/** Every file that a command line made Node load: a coverage report names them all. */
async function loadedBy(...args: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'busbench-loaded-'));
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    await promisify(execFile)(process.execPath, [busbenchProgram, ...args], { env });
    const urls: string[] = [];
    for (const file of await readdir(folder)) {
      const { result } = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
        readonly result: readonly { readonly url: string }[];
      };
      urls.push(...result.map(({ url }) => url).filter((url) => url.startsWith('file:')));
    }
    return urls;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const packageOf = (url: string): string =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? 'busbench';

it.each([[['--help']], [['--version']], [['run', '--help']], [['sweep', '--help']]])(
  'busbench %j loads the tree of commands and nothing of what they do',
  async (args) => {
    const urls = await loadedBy(...args);
    expect(new Set(urls.map(packageOf))).toEqual(new Set(['busbench', 'commander']));
    const own = urls.filter((url) => packageOf(url) === 'busbench');
    expect(own.some((url) => url.endsWith('/commands/tree.js'))).toBe(true);
    expect(own.filter((url) => /\/(agents|topologies)\/|\/(run|scenario)\.js$/.test(url))).toEqual(
      [],
    );
    // 20 when this was written, of more than 200.
    expect(own.length).toBeLessThan(30);
  },
);

it('a command that does something loads what it needs', async () => {
  const urls = await loadedBy('list');
  expect(urls.some((url) => url.endsWith('/ready-made.js'))).toBe(true);
  expect(new Set(urls.map(packageOf))).toEqual(new Set(['busbench', 'commander']));
});
