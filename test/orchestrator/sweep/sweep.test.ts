import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsv } from '../../../reports/csv-table.ts';
import type { PointEntry } from '../../../reports/sweep/sweep.ts';
import { busbench, scratchFolder, startBusbench } from '../../helpers/cli.ts';

const common = `schema: busbench/sweep/1
scenario: quickstart
order: given
`;
const set = `
  sites: [here]
  bus: { type: memory }
  links: {}
  phases: { warmup: 0s, measure: 300ms, drain: 1s }
  workload.timeout: 1s
`;

let folder: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  folder = await scratchFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function file(name: string, yaml: string): Promise<string> {
  const path = join(folder.path, `${name}.yaml`);
  await writeFile(path, `${common}${yaml}`);
  return path;
}

function at(name: string): string {
  return join(folder.path, name);
}

async function outcome(args: readonly string[]): Promise<{
  readonly code: number | null;
  readonly points: readonly PointEntry[];
  readonly searches: readonly { holds: number; fails: number }[];
}> {
  const { code, stdout, stderr } = await busbench(['sweep', ...args, '--json', '--quiet']);
  expect(stdout, stderr).not.toBe('');
  return { code, ...JSON.parse(stdout) };
}

describe('busbench sweep', () => {
  it('refuses bad input before anything starts, with every mistake of every point', async () => {
    const path = await file('bad', 'matrix: { clients.cuont: [1], servers.count: [0, 2] }');
    const { code, stderr } = await busbench(['sweep', path, '-o', at('bad')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/servers\.count: expected at least 1; got 0/);
    expect(stderr).toMatch(/unknown key "cuont"; did you mean "count"/);
  });

  it('lists the points without starting anything', async () => {
    const path = await file(
      'dry',
      `set: {${set
        .trim()
        .split('\n')
        .map((line) => line.trim())
        .join(', ')}}\nmatrix: { servers.count: [1, 2] }\nrepeat: 3`,
    );
    const { code, stdout } = await busbench(['sweep', path, '--dry-run', '-o', at('dry')]);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(7);
    expect(stdout).toMatch(/6 points in the order of measuring, 1 deployments, about/);
  });

  it('stops growing where the condition is true, and says so of the rest', async () => {
    const path = await file(
      'stop',
      `set:${set}  expect: []\nmatrix: { workload.pace.rate: [100/s, 200/s, 300/s] }\nstopWhen: { along: workload.pace.rate, condition: "outcome.due >= 60" }`,
    );
    const { points } = await outcome([path, '-o', at('stop')]);
    expect(points.map(({ status }) => status === 'skipped')).toEqual([false, false, true]);
    expect(points[2]?.reason).toMatch(
      /outcome\.due >= 60 was true at workload\.pace\.rate="200\/s"|it was invalid/,
    );
    const other = await busbench(['sweep', await file('other', 'repeat: 2'), '-o', at('stop')]);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('(stop)')]);
  }, 60_000);

  it('keeps what missed or failed, and measures it again on demand', async () => {
    const path = await file(
      'retry',
      `set:${set}  expect: ["outcome.lost > 0"]\nmatrix: { servers.count: [1, 2] }`,
    );
    const first = await outcome([path, '-o', at('retry')]);
    expect([1, 4]).toContain(first.code);
    const started = first.points.map(({ startedAt }) => startedAt);
    const again = await outcome([path, '-o', at('retry')]);
    expect(again.points.map(({ startedAt }) => startedAt)).toEqual(started);
    const retried = await outcome([
      path,
      '-o',
      at('retry'),
      '--retry',
      'expectation-missed,invalid',
    ]);
    expect(retried.points.every(({ startedAt }) => !started.includes(startedAt))).toBe(true);
    const [header = [], ...rows] = readCsv(readFileSync(join(at('retry'), 'points.csv'), 'utf8'));
    expect(header.slice(0, 4)).toEqual(['servers.count', 'repetition', 'id', 'status']);
    expect(header).toContain('latencyUs.response.p50');
    expect(rows.map((row) => row[0])).toEqual(['1', '2']);
  }, 60_000);

  it('finds a capacity and its bracket, and resumes without measuring again', async () => {
    const path = await file(
      'search',
      `set:${set}  expect: []\nsearch: { along: clients.count, from: 1, to: 64, holds: ["workload.clients <= 11"], precision: 20% }`,
    );
    const found = await outcome([path, '-o', at('search')]);
    const [bracket] = found.searches;
    // Where nothing was invalid, the bracket is exact to the precision; a noisy machine finds less.
    if (found.points.every(({ status }) => status !== 'invalid')) {
      expect(found.code).toBe(0);
      expect(bracket).toMatchObject({ holds: 11 });
      expect(bracket?.fails).toBeLessThanOrEqual(13);
    }
    const startedAt = found.points.map((point) => point.startedAt);
    const again = await outcome([path, '-o', at('search')]);
    expect(again.points.map((point) => point.startedAt)).toEqual(startedAt);
    expect(again.searches).toEqual(found.searches);
  }, 120_000);

  it('is interrupted cleanly and goes on from there', async () => {
    const path = await file('int', `set:${set}  expect: []\nmatrix: { servers.count: [1, 2, 3] }`);
    const started = startBusbench(['sweep', path, '-o', at('int')]);
    await started.said(/1 of 3 points/);
    started.child.kill('SIGINT');
    const finished = await started.finished;
    expect(finished.code, finished.stderr).toBe(130);
    expect(finished.stdout).toMatch(/Run it again/);
    expect(await finished.leftovers()).toEqual([]);
    const { points, code } = await outcome([path, '-o', at('int')]);
    expect([0, 4]).toContain(code);
    expect(points).toHaveLength(3);
  }, 60_000);

  it('ends a point that takes too long, and measures the others', async () => {
    const path = await file(
      'slow',
      `set:${set}  expect: []\npointTimeout: 4s\nmatrix: { phases.measure: [60s, 300ms] }`,
    );
    const { code, points } = await outcome([path, '-o', at('slow')]);
    expect(code).toBe(3);
    expect(points.map(({ status }) => status)[0]).toBe('timeout');
    expect(['ok', 'invalid', 'timeout']).toContain(points[1]?.status);
  }, 60_000);
});
