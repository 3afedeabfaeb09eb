import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { nodeVersion, testedMajors } from '../helpers/node-versions.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const patienceMs = 600_000;
/** As short as a run can be; what it measures is not what is tested here. */
const short = ['phases.warmup=0s', 'phases.measure=1s'].flatMap((set) => ['--set', set]);

let folder = '';
let tarball = '';
let files: readonly string[] = [];

/** Packs what a fresh clone would have: the files that git knows or would take, and nothing built. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'busbench-package-'));
  const clone = join(folder, 'clone');
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).split('\0');
  for (const name of names.filter((name) => name !== '')) {
    mkdirSync(dirname(join(clone, name)), { recursive: true });
    cpSync(join(root, name), join(clone, name));
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: clone,
  });
  const [packed] = JSON.parse(stdout) as readonly {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  tarball = join(folder, packed?.filename ?? '');
  files = packed?.files.map(({ path }) => path) ?? [];
}, patienceMs);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package of a fresh clone', () => {
  it('has the programs, the ready-made files, the schemas and the pages', () => {
    for (const file of [
      'dist/orchestrator/cli.js',
      'dist/orchestrator/index.d.ts',
      'dist/agents/main.js',
      'topologies/quickstart.yaml',
      'topologies/sweeps/quickstart.yaml',
      'schemas/scenario.json',
      'docs/contract.md',
      'LICENSE',
    ])
      expect(files).toContain(file);
  });

  it('has nothing that only we need', () => {
    const ours = /tsbuildinfo|\.busbench-|(^|\/)(bench|test|scripts|node_modules)\/|\.tsx?$/;
    expect(files.filter((file) => ours.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((file) => file.startsWith('dist/bench'))).toEqual([]);
  });
});

for (const major of testedMajors) {
  const found = await nodeVersion(major);
  if ('missing' in found) test(`SKIPPED: ${found.missing}`, ({ skip }) => skip());
  const env = 'env' in found ? found.env : {};

  describe.skipIf('missing' in found)(`a project on Node ${major} that depends on it`, () => {
    let project = '';
    beforeAll(async () => {
      project = join(folder, `project-${major}`);
      cpSync(join(root, 'test/fixtures/consumer'), project, { recursive: true });
      const types = `@types/node@${JSON.parse(manifestOf('@types/node')).version}`;
      const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, types];
      await run('npm', args, { cwd: project, env });
    }, patienceMs);

    it(
      'runs quickstart',
      async () => {
        const { stdout: version } = await run('node', ['--version'], { env });
        expect(version).toMatch(new RegExp(`^v${major}\\.`));
        const program = join(project, 'node_modules/.bin/busbench');
        const result = await measured(program, ['run', 'quickstart', ...short], project, env);
        expect(result).toMatchObject({ name: 'quickstart', outcome: { completed: 600, lost: 0 } });
        expect(result.environment.node).toBe(version.trim());
      },
      patienceMs,
    );

    it(
      'compiles under strict with every declaration checked, and measures through the API',
      async () => {
        const compiler = join(root, 'node_modules/typescript/bin/tsc');
        const compiled = await run(process.execPath, [compiler, '-p', project]).catch(
          ({ stdout }: { readonly stdout: string }) => ({ stdout }),
        );
        expect(compiled.stdout).toBe('');
        const { stdout } = await run('node', ['built/use.js'], { cwd: project, env });
        const told = JSON.parse(stdout);
        expect(told).toMatchObject({
          version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
          sameSchema: true,
          planned: true,
          completed: 600,
          readAgain: 600,
          rendered: true,
          compared: true,
          pointLines: 3,
          refused: 'seed',
        });
        // Two busy cores may make a run one that is not to be trusted; it is one all the same.
        for (const status of told.statuses) expect(['ok', 'invalid']).toContain(status);
        expect(told.statuses).toHaveLength(2);
        expect([0, 4]).toContain(told.exitCode);
      },
      patienceMs,
    );
  });
}

it(
  'a global installation runs quickstart in any directory',
  async () => {
    const prefix = join(folder, 'global');
    const anywhere = join(folder, 'anywhere');
    mkdirSync(anywhere);
    const args = ['install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit'];
    await run('npm', [...args, tarball]);
    const program = join(prefix, 'bin', 'busbench');
    const result = await measured(program, ['run', 'quickstart', ...short], anywhere, process.env);
    expect(result).toMatchObject({ outcome: { completed: 600, lost: 0 } });
  },
  patienceMs,
);

function manifestOf(name: string): string {
  return readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
}

interface Measured {
  readonly environment: { readonly node: string };
}

/** The result of a command that measures; one that is not to be trusted (exit 4) is a result, too. */
async function measured(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Measured> {
  const options = { cwd, env, maxBuffer: 2 ** 26 };
  const { stdout } = await run(program, [...args, '--json', '--quiet'], options).catch(
    (error: { readonly code: number; readonly stdout: string }) => {
      if (error.code !== 4) throw error;
      return error;
    },
  );
  return JSON.parse(stdout) as Measured;
}
