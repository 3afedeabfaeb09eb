import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeeperState } from '../../../orchestrator/keeper/state.ts';
import { busbench, scenarioFile, scratchFolder, startBusbench } from '../../helpers/cli.ts';
import { processesNaming } from '../../helpers/processes.ts';

const yaml = `schema: busbench/scenario/1
name: kept
sites: [paris, lyon]
links: { default: { delay: 1ms } }
bus: { type: zeromq, mode: proxy, nodes: [paris, lyon] }
servers: { count: 2 }
clients: { count: 4 }
workload: { pattern: call, pace: { rate: 100/s }, body: 100, timeout: 1s }
phases: { warmup: 200ms, measure: 1s, drain: 1s }
`;

let folder: Awaited<ReturnType<typeof scratchFolder>>;
let scenario = '';
let state = '';

beforeAll(async () => {
  folder = await scratchFolder();
  scenario = await scenarioFile(folder.path, yaml);
  state = join(folder.path, 'state');
});
afterAll(async () => {
  await busbench(['destroy', '--state', state]);
  await folder[Symbol.asyncDispose]();
});

function kept(): KeeperState {
  return JSON.parse(readFileSync(join(state, 'state.json'), 'utf8'));
}

/** Processes of the deployment, which all work in its scratch directory. */
async function remaining(runId: string): Promise<readonly string[]> {
  const untilMs = Date.now() + 5_000;
  for (;;) {
    const left = workingIn(`busbench-${runId}-`);
    if (left.length === 0 || Date.now() > untilMs) return left;
    await sleep(100);
  }
}

function workingIn(directory: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).includes(directory);
    } catch {
      return false;
    }
  });
}

describe.sequential('deploy, bench, backup, destroy', () => {
  it('refuses to bench, back up or destroy what is not there', async () => {
    for (const verb of ['bench', 'backup', 'destroy']) {
      const { code, stderr } = await busbench([verb, '--state', state]);
      expect(code, verb).toBe(2);
      expect(stderr).toContain('NOT_DEPLOYED');
    }
  });

  it('deploys once and benches many times', async () => {
    const deployed = await busbench(['deploy', scenario, '--state', state]);
    expect(deployed.code, deployed.stderr).toBe(0);
    const { runId, pid } = kept().owner;
    expect(workingIn(`busbench-${runId}-`).length).toBeGreaterThan(2);
    const first = await busbench(['bench', '--state', state]);
    expect([0, 4], first.stderr).toContain(first.code);
    expect(first.stdout).toContain('completed');
    const set = ['--set', 'clients.count=2', '--set', 'workload.pace.rate=50/s'];
    const second = await busbench(['bench', '--state', state, '--json', ...set]);
    expect([0, 4], second.stderr).toContain(second.code);
    expect(JSON.parse(second.stdout).outcome.due).toBe(50);
    expect(readdirSync(join(state, 'results')).sort()).toEqual(['1-kept', '2-kept']);
    expect(kept().owner).toMatchObject({ runId, pid });
  }, 60_000);

  it('refuses a second deployment in one place, and a bench that needs another', async () => {
    const again = await busbench(['deploy', scenario, '--state', state]);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('STATE_TAKEN');
    const other = await busbench(['bench', '--state', state, '--set', 'links.default.delay=9ms']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('BENCH_UNLIKE_DEPLOYMENT');
    expect(readdirSync(join(state, 'results'))).toHaveLength(2);
  });

  it('benches one at a time, and keeps what an interrupted one measured', async () => {
    const long = startBusbench(['bench', '--state', state, '--set', 'phases.measure=60s']);
    await long.said(/measuring,/);
    const second = await busbench(['bench', '--state', state]);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain('KEEPER_BUSY');
    long.child.kill('SIGINT');
    const { code, stdout } = await long.finished;
    expect(code).toBe(130);
    expect(stdout).toContain('INTERRUPTED');
    const after = await busbench(['bench', '--state', state, '--json']);
    expect([0, 4], after.stderr).toContain(after.code);
    expect(JSON.parse(after.stdout).outcome.due).toBe(100);
  }, 60_000);

  it('backs up results, logs and counters in one tarball', async () => {
    const tarball = join(folder.path, 'backup.tar.gz');
    const { code, stderr } = await busbench(['backup', '--state', state, '-o', tarball]);
    expect(code, stderr).toBe(0);
    const names = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n');
    const wanted = [
      'results/1-kept/result.json',
      'logs/bus-1.log',
      'logs/relay.log',
      'snapshot/counters.json',
    ];
    for (const name of wanted) expect(names).toContain(`state/${name}`);
    expect(names).not.toContain('state/keeper.sock');
  });

  it('destroys all of it, says what it was, and leaves the results', async () => {
    const { runId } = kept().owner;
    const { code, stdout } = await busbench(['destroy', '--state', state]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /found a living keeper\nfound bus node bus-1 at paris\nfound bus node bus-2 at lyon/,
    );
    expect(await remaining(runId)).toEqual([]);
    expect(existsSync(join(state, 'state.json'))).toBe(false);
    expect(existsSync(join(state, 'results', '1-kept', 'result.json'))).toBe(true);
  });

  it('destroys what a killed keeper left, and deploys again in the same place', async () => {
    expect((await busbench(['deploy', scenario, '--state', state])).code).toBe(0);
    const { runId, pid } = kept().owner;
    process.kill(pid, 'SIGKILL');
    const bench = await busbench(['bench', '--state', state]);
    expect(bench.code).toBe(3);
    expect(bench.stderr).toContain('KEEPER_GONE');
    const { code, stdout } = await busbench(['destroy', '--state', state]);
    expect(code).toBe(0);
    expect(stdout).toContain('found no keeper');
    expect(await remaining(runId)).toEqual([]);
    expect((await busbench(['deploy', scenario, '--state', state])).code).toBe(0);
    expect((await busbench(['destroy', '--state', state])).code).toBe(0);
  }, 60_000);

  it('leaves nothing of a deployment that fails or is interrupted', async () => {
    const taken = ['deploy', scenario, '--state', state, '--set', 'sites=[paris, lyon, nice]'];
    const started = startBusbench(taken);
    await started.said(/bus zeromq/);
    started.child.kill('SIGINT');
    const finished = await started.finished;
    // It may have stood by then: either way there is nothing, or something that destroy knows.
    expect([0, 130]).toContain(finished.code);
    if (finished.code === 0) await busbench(['destroy', '--state', state]);
    expect(existsSync(join(state, 'state.json'))).toBe(false);
    expect(await processesNaming(state)).toEqual([]);
  }, 60_000);
});
