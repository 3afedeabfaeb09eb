import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import { busbench, scenarioFile, scratchFolder, startBusbench } from '../helpers/cli.ts';

let folder: Awaited<ReturnType<typeof scratchFolder>>;
beforeEach(async () => {
  folder = await scratchFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const small = `schema: busbench/scenario/1
name: small
sites: [paris, lyon]
links: { default: { delay: 2ms } }
bus: { type: zeromq }
servers: { count: 2 }
clients: { count: 4 }
workload: { pattern: call, pace: { rate: 100/s }, timeout: 1s }
phases: { warmup: 500ms, measure: 20s, drain: 2s }
`;

describe('bad input: exit 2, nothing started', () => {
  it('reports every mistake of a scenario at once, with its place', async () => {
    const file = await scenarioFile(
      folder.path,
      small
        .replace('zeromq', 'zermq')
        .replace('rate: 100/s', 'rate: 100')
        .replace('count: 4', 'cuont: 4'),
    );
    const { code, stdout, stderr } = await busbench(['run', file, '-o', join(folder.path, 'r')]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/scenario\.yaml:5:\d+: bus\.type: .*zeromq/);
    expect(stderr).toMatch(/scenario\.yaml:7:\d+: clients\.cuont: .*did you mean "count"/);
    expect(stderr).toMatch(/scenario\.yaml:8:\d+: workload\.pace\.rate: .*\/s/);
    expect(existsSync(join(folder.path, 'r'))).toBe(false);
  });

  it.each([
    ['an unknown name', ['run', 'quickstrat'], /Did you mean quickstart/],
    ['a directory for a file', ['run', '/proc'], /cannot read the scenario/],
    ['an unknown option', ['run', '--jason'], /unknown option/],
    ['an unknown command', ['rum'], /unknown command/],
    ['loss on a relay', ['run', '--set', 'links.default.loss=1%'], /loss/],
    ['an unknown result path', ['run', '--set', 'expect=["latency.respons.p99 < 1ms"]'], /respons/],
    ['a drain below the timeout', ['run', '--set', 'phases.drain=1ms'], /drain/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr, stdout } = await busbench(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  it('refuses an output directory with something in it, and a file in its place', async () => {
    mkdirSync(join(folder.path, 'full'));
    writeFileSync(join(folder.path, 'full/precious'), 'x');
    const full = await busbench(['run', '-o', join(folder.path, 'full')]);
    expect(full.code).toBe(2);
    expect(full.stderr).toContain('not empty');
    const file = await busbench(['run', '-o', join(folder.path, 'full/precious')]);
    expect(file.code).toBe(2);
    expect(readFileSync(join(folder.path, 'full/precious'), 'utf8')).toBe('x');
    const nowhere = await busbench(['run', '-o', '/proc/nowhere/deep']);
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain('[OUTPUT_UNUSABLE]');
  });
});

describe('what happens in mid-run', () => {
  it('keeps the partial result when an agent is killed, and says who and when', async () => {
    const file = await scenarioFile(folder.path, small);
    const run = startBusbench(['run', file, '-o', join(folder.path, 'r')]);
    await run.said(/measuring, .*[1-9]\d* done/);
    const agent = agentPids(run.child.pid ?? 0)[0] ?? 0;
    process.kill(agent, 'SIGKILL');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(3);
    const result = parseResult(
      JSON.parse(readFileSync(join(folder.path, 'r/result.json'), 'utf8')),
    );
    expect(result.verdict.status).toBe('failed');
    expect(result.verdict.failure?.message).toMatch(
      new RegExp(`(client|server)\\.(paris|lyon) \\(pid ${agent}.*SIGKILL at \\d{4}-`),
    );
    expect(result.outcome.completed).toBeGreaterThan(0);
    expect(await finished.leftovers()).toEqual([]);
  }, 60_000);

  it('stops at the first Ctrl-C, keeps what was measured, exits 130; a second one changes nothing', async () => {
    const file = await scenarioFile(folder.path, small);
    const run = startBusbench(['run', file, '-o', join(folder.path, 'r')]);
    await run.said(/measuring, .*[1-9]\d* done/);
    run.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 100));
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    const result = parseResult(
      JSON.parse(readFileSync(join(folder.path, 'r/result.json'), 'utf8')),
    );
    expect(result.verdict.status).toBe('interrupted');
    expect(result.outcome.due).toBe(result.outcome.completed + result.outcome.failedTotal);
    expect(await finished.leftovers()).toEqual([]);
  }, 60_000);

  it('exits 130 without a result when interrupted before measuring', async () => {
    const file = await scenarioFile(folder.path, small);
    const run = startBusbench(['run', file, '-o', join(folder.path, 'r')]);
    await run.said(/measuring the idle links|agents/);
    run.child.kill('SIGTERM');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    expect(existsSync(join(folder.path, 'r/result.json'))).toBe(false);
    expect(await finished.leftovers()).toEqual([]);
  }, 60_000);

  it.each([/collecting/, /removing everything/])(
    'exits 130 with the whole result when interrupted while %s',
    async (step) => {
      const file = await scenarioFile(folder.path, small.replace('measure: 20s', 'measure: 1s'));
      const run = startBusbench(['run', file, '-o', join(folder.path, 'r')]);
      await run.said(step);
      run.child.kill('SIGINT');
      const finished = await run.finished;
      expect(finished.code, finished.stderr).toBe(130);
      const result = parseResult(
        JSON.parse(readFileSync(join(folder.path, 'r/result.json'), 'utf8')),
      );
      expect(result.outcome).toMatchObject({ due: 100, completed: 100 });
      expect(await finished.leftovers()).toEqual([]);
    },
    60_000,
  );

  it('leaves no process behind when it is killed itself', async () => {
    const file = await scenarioFile(folder.path, small);
    const run = startBusbench(['run', file, '-o', join(folder.path, 'r')]);
    await run.said(/measuring, .*[1-9]\d* done/);
    run.child.kill('SIGKILL');
    const finished = await run.finished;
    expect(await finished.leftovers()).toEqual([]);
  }, 60_000);

  it('survives a reader that goes away', async () => {
    const file = await scenarioFile(folder.path, small.replace('measure: 20s', 'measure: 2s'));
    const run = startBusbench(['run', file, '-o', join(folder.path, 'r')]);
    run.child.stdout?.destroy();
    const finished = await run.finished;
    expect([0, 4], finished.stderr).toContain(finished.code);
    expect(existsSync(join(folder.path, 'r/result.json'))).toBe(true);
    expect(await finished.leftovers()).toEqual([]);
  }, 60_000);

  it('says so when the disk is full', async ({ skip }) => {
    // A file system of 64 kB is full soon; mounting one needs root.
    const mount = join(folder.path, 'tiny');
    mkdirSync(mount);
    const mounted = await shell('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount]);
    if (mounted !== 0) skip('root is missing: a file system of 64 kB has to be mounted');
    try {
      const file = await scenarioFile(folder.path, small.replace('measure: 20s', 'measure: 3s'));
      const finished = await busbench(['run', file, '-o', join(mount, 'r')]);
      expect(finished.code, finished.stderr).toBe(3);
      expect(finished.stderr).toMatch(/no space left|ENOSPC|full/i);
      const kept = join(mount, 'r/result.json');
      // Whole or not at all: half a result would be worse than none.
      if (existsSync(kept)) parseResult(JSON.parse(readFileSync(kept, 'utf8')));
      expect(await finished.leftovers()).toEqual([]);
    } finally {
      await shell('umount', [mount]);
    }
  }, 60_000);

  it('says how to mend a native module that will not load', async () => {
    const loader = join(folder.path, 'break.mjs');
    writeFileSync(
      loader,
      `import Module from 'node:module';
       const load = Module._extensions['.node'];
       Module._extensions['.node'] = (m, path) => { if (path.includes('zeromq')) throw new Error('invalid ELF header'); load(m, path); };`,
    );
    const file = await scenarioFile(folder.path, small);
    const finished = await busbench(['run', file, '-o', join(folder.path, 'r')], {
      NODE_OPTIONS: `--import=${loader}`,
    });
    expect([2, 3]).toContain(finished.code);
    expect(finished.stderr).toMatch(/zeromq/);
    expect(finished.stderr).toMatch(/npm/);
    expect(await finished.leftovers()).toEqual([]);
  }, 60_000);
});

/** Pids of the agents that a run has started. */
function agentPids(parent: number): number[] {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ');
  const isAgent = (pid: string): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('agents/main.js');
  return children.filter((pid) => pid !== '' && isAgent(pid)).map(Number);
}

function shell(command: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
}
