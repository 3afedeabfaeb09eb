import { type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecord } from '../../reports/read.ts';
import { busbench, busbenchProgram, scenarioFile, scratchFolder } from '../helpers/cli.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let file: string;
beforeEach(async () => {
  folder = await scratchFolder();
  file = await scenarioFile(folder.path, short);
});
afterEach(() => folder[Symbol.asyncDispose]());

const short = `schema: busbench/scenario/1
name: short
sites: [paris, lyon]
links: { default: { delay: 2ms } }
bus: { type: zeromq }
servers: { count: 2 }
clients: { count: 4 }
workload: { pattern: call, pace: { rate: 100/s }, timeout: 1s }
phases: { warmup: 0s, measure: 2s, drain: 1s }
`;

describe('a stream that takes no more', () => {
  it('of stderr ends nothing', async () => {
    const results = join(folder.path, 'r');
    const { code, stdout } = await started(['run', file, '-o', results], {
      stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')],
    });
    expect([0, 4]).toContain(code);
    expect(stdout).toContain('200 due = 200 completed');
    expect((await readRecord(results)).result.outcome.completed).toBe(200);
  }, 60_000);

  it('of stdout is said with where the result is, exit 3', async () => {
    const results = join(folder.path, 'r');
    const { code, stderr } = await started(['run', file, '-o', results], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/stdout took no more: ENOSPC/);
    expect(stderr).toContain(`busbench report ${results}`);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect((await readRecord(results)).result.verdict.status).not.toBe('failed');
  }, 60_000);

  it.each([['plan'], ['list'], ['schema', 'result'], ['run', '--help']])(
    'fails busbench %s as it has nothing else to show',
    async (...args) => {
      const { code, stderr } = await started(args, {
        stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      });
      expect(code).toBe(3);
      expect(stderr).toMatch(/\[OUTPUT_LOST\]/);
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );
});

describe('a terminal', () => {
  it('that goes away leaves the run and its result alone', async () => {
    const results = join(folder.path, 'r');
    const codeFile = join(folder.path, 'code');
    // In a session of its own nobody hangs up on the command: it finds out by writing.
    const command = `setsid --wait sh -c '${quoted('run', file, '-o', results)}; echo $? > ${codeFile}'`;
    const terminal = onTerminal(command);
    await said(terminal, /measuring/);
    terminal.kill('SIGKILL');
    await expect.poll(() => existsSync(codeFile), { timeout: 30_000 }).toBe(true);
    await expect.poll(() => readFileSync(codeFile, 'utf8'), { timeout: 5_000 }).toBe('3\n');
    expect((await readRecord(results)).result.outcome.completed).toBe(200);
  }, 60_000);

  it.each([
    ['of no columns', 'stty cols 0 rows 0; '],
    ['that cannot move its cursor', 'stty cols 100; TERM=dumb '],
  ])(
    '%s gets plain lines',
    async (_, before) => {
      const results = join(folder.path, 'r');
      const terminal = onTerminal(`${before}${quoted('run', file, '-o', results)}`);
      const seen = await said(terminal, /Result/);
      expect(seen).toMatch(/^short: measuring, .* left: \d+ due/m);
      expect(seen).toMatch(/200 due = 200 completed/);
    },
    60_000,
  );
});

describe('a folder for temporary files', () => {
  it.each([
    ['that is missing', () => join(folder.path, 'nowhere')],
    ['that is a file', () => file],
  ])(
    '%s is bad input, and a "no" of check',
    async (_, path) => {
      const env = { TMPDIR: path() };
      for (const verb of [['run'], ['deploy', '--state', join(folder.path, 'state')]]) {
        const { code, stderr } = await busbench([...verb, file], env);
        expect(code).toBe(2);
        expect(stderr).toContain(`cannot make scratch directories in ${path()}`);
        expect(stderr).toContain('[TMPDIR_UNUSABLE]');
      }
      expect(existsSync(join(folder.path, 'state'))).toBe(false);
      const { code, stdout } = await busbench(['check', '--json'], env);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toContainEqual(
        expect.objectContaining({ what: 'temporary files', ok: false }),
      );
    },
    60_000,
  );
});

const fakeTime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

it('measures with the monotonic clock when the wall clock steps back by an hour', async ({
  skip,
}) => {
  if (!existsSync(fakeTime)) skip('faketime is missing: apt-get install faketime');
  const results = join(folder.path, 'r');
  const offset = join(folder.path, 'offset');
  writeFileSync(offset, '+0\n');
  const child = spawn(process.execPath, [busbenchProgram, 'run', file, '-o', results], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      LD_PRELOAD: fakeTime,
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: '1',
    },
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await said({ stdout: child.stderr }, /measuring, /);
  writeFileSync(offset, '-3600\n');
  await ended;
  const { durationMs, workload } = (await readRecord(results)).result;
  expect(workload.measuredFromMs).toBeGreaterThan(0);
  expect(durationMs).toBeGreaterThan(workload.measuredFromMs + 2_000);
}, 60_000);

/** Runs the command with streams of one's own. */
function started(
  args: readonly string[],
  options: SpawnOptions,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [busbenchProgram, ...args], options);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function quoted(...args: readonly string[]): string {
  return [process.execPath, busbenchProgram, ...args].map((arg) => `"${arg}"`).join(' ');
}

/** A command on a terminal of its own, whose screen is the child's stdout. */
function onTerminal(command: string) {
  return spawn('script', ['-qec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** All that a stream has said by the time it says this; rejects when it ends before. */
function said(
  { stdout }: { readonly stdout: NodeJS.ReadableStream },
  pattern: RegExp,
): Promise<string> {
  let seen = '';
  return new Promise((resolve, reject) => {
    stdout.on('data', (chunk) => {
      seen += String(chunk);
      if (pattern.test(seen)) resolve(seen);
    });
    stdout.on('end', () => reject(new Error(`it ended before ${pattern}: ${seen}`)));
  });
}
