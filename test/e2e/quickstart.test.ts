import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, type Finished, scratchFolder } from '../helpers/cli.ts';

describe('busbench run quickstart', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let finished: Finished;
  let result: RunResult;

  beforeAll(async () => {
    folder = await scratchFolder();
    finished = await busbench(['run', '-o', join(folder.path, 'result'), '--set', 'expect=[]']);
    result = parseResult(JSON.parse(readFileSync(join(folder.path, 'result/result.json'), 'utf8')));
  }, 60_000);
  afterAll(() => folder[Symbol.asyncDispose]());

  it('ends with a verdict of its own and prints the report on stdout', () => {
    // A noisy machine may make the run invalid (4); nothing else is acceptable.
    expect([0, 4], finished.stderr).toContain(finished.code);
    expect(finished.stdout).toContain('completed');
    expect(finished.stdout).toContain(join(folder.path, 'result'));
    expect(finished.stderr).toContain('measuring');
  });

  it('accounts for every operation', () => {
    const { outcome, workload } = result;
    const seconds =
      result.scenario.phases.measure.kind === 'duration' ? workload.measuredMs / 1e3 : 0;
    expect(outcome.due).toBe(Math.round((workload.offeredPerSecond ?? 0) * seconds));
    expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
    expect(outcome.sent).toBe(outcome.delivered + outcome.lost - outcome.unroutable);
    expect(result.latencyUs.response.count).toBe(outcome.completed);
    expect(outcome.duplicated + outcome.lost + outcome.unknown).toBe(0);
  });

  it('shows the links: each site pair costs at least its round trip', () => {
    for (const { client, server, p50Us } of result.locality.matrix) {
      if (p50Us === null || client === server) continue;
      const link = result.wan.links.find((l) => l.from === client && l.to === server);
      const back = result.wan.links.find((l) => l.from === server && l.to === client);
      const requestedMs = (link?.requested.delayMs ?? 0) + (back?.requested.delayMs ?? 0);
      expect(p50Us / 1e3).toBeGreaterThanOrEqual(requestedMs);
      expect(link?.measured.rttMinMs ?? 0).toBeGreaterThanOrEqual(requestedMs);
      expect(link?.measured.rttMinMs ?? 0).toBeLessThan(requestedMs + 5);
    }
  });

  it('spreads round-robin calls over the sites', () => {
    expect(result.locality.localRatio).toBeCloseTo(1 / 3, 1);
    expect(result.locality.expectedBlind).toBeCloseTo(1 / 3, 5);
    expect(result.locality.fairness).toBeGreaterThan(0.99);
  });

  it('writes the whole result directory', () => {
    const files = [
      'result.json',
      'scenario.yaml',
      'intervals.csv',
      'peers.csv',
      'histograms.hlog',
      'report.html',
      'logs',
    ];
    for (const file of files)
      expect(existsSync(join(folder.path, 'result', file)), file).toBe(true);
  });

  it('can be run again from the scenario it wrote', async () => {
    const plan = await busbench(['plan', join(folder.path, 'result/scenario.yaml')]);
    expect(plan.code, plan.stderr).toBe(0);
  });

  it('leaves nothing behind', async () => {
    expect(await finished.leftovers()).toEqual([]);
  });
});
