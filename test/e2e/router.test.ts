import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, scratchFolder } from '../helpers/cli.ts';
import { routerMissing, routerPrograms } from '../helpers/routers.ts';

/**
 * Runs a scenario to its end and reads its result. A noisy machine may make the run invalid (4): that is no failure
 * here. Whatever it was, nothing may be left behind.
 */
async function resultOf(scenario: string, sets: readonly string[]): Promise<RunResult> {
  await using folder = await scratchFolder();
  const directory = join(folder.path, 'result');
  const short = ['expect=[]', 'phases.warmup=500ms', 'phases.measure=4s'];
  // At most once a router drops what a stalled machine is slow to take; unsettled, every number here is exact.
  const all = [...short, 'guarantee=at-least-once', ...sets].flatMap((set) => ['--set', set]);
  const finished = await busbench(['run', scenario, ...all, '-o', directory]);
  expect([0, 4], finished.stderr).toContain(finished.code);
  expect(await finished.leftovers()).toEqual([]);
  const text = readFileSync(join(directory, 'result.json'), 'utf8');
  return parseResult(JSON.parse(text));
}

/** Operations whose server was at the site of their client, of all that were served. */
function localShare({ locality }: RunResult): number {
  const served = locality.matrix.reduce((sum, { count }) => sum + count, 0);
  const local = locality.matrix.filter(({ client, server }) => client === server);
  return local.reduce((sum, { count }) => sum + count, 0) / served;
}

function counted({ bus }: RunResult, name: string): number {
  return bus.nodes.reduce((sum, { counters }) => sum + (counters[name] ?? 0), 0);
}

for (const program of routerPrograms) {
  const missing = routerMissing[program];
  if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

  describe.skipIf(missing !== null)(`busbench run on ${program}`, { timeout: 120_000 }, () => {
    const on = `bus.program=${program}`;

    test('router-mesh: closest keeps every call at its site', async () => {
      const result = await resultOf('router-mesh', [on]);
      const { due, completed, failedTotal, lost, duplicated } = result.outcome;
      expect([due, completed + failedTotal, lost, duplicated]).toEqual([2400, due, 0, 0]);
      expect(result.locality.localRatio).toBeGreaterThan(0.95);
      expect(result.bus.details['routerLocalShare']).toBeGreaterThan(0.95);
      expect(result.bus.details['convergedMs']).toBeGreaterThan(0);
      expect(result.bus.details['addressPropagationMs']).toBeGreaterThan(0);
      expect(counted(result, 'deliveriesIngress')).toBeGreaterThanOrEqual(due);
    });

    test('router-mesh: balanced spreads, and the routers count it as we do', async () => {
      const result = await resultOf('router-mesh', [
        on,
        'bus.distribution=balanced',
        'workload.hold=20ms',
      ]);
      const { due, completed, failedTotal, lost } = result.outcome;
      expect([due, completed + failedTotal, lost]).toEqual([2400, due, 0]);
      expect(result.locality.localRatio).toBeLessThan(0.7);
      // Warm-up and probes are in the routers' numbers and not in ours.
      const difference = (result.bus.details['routerLocalShare'] ?? 0) - localShare(result);
      expect(Math.abs(difference)).toBeLessThan(0.1);
    });

    test('fanout without cycles: n servers, k sends, n x k deliveries', async () => {
      const result = await resultOf('router-mesh', [
        on,
        'bus.graph=line',
        'workload.pattern=fanout',
        'workload.pace.rate=60/s',
        'servers.count=6',
      ]);
      const { due, delivered, lost, duplicated } = result.outcome;
      expect([due, delivered, lost, duplicated]).toEqual([240, 1440, 0, 0]);
      expect(result.fanout).toEqual({ coverageMin: 1, coverageMean: 1 });
    });

    test('at most once, a stalled server: what was lost the routers dropped', async () => {
      const result = await resultOf('router-mesh', [
        on,
        'guarantee=at-most-once',
        'servers.count=1',
        'servers.placement={ paris: 1 }',
        'faults=[{ at: 1s, for: 2s, action: pause, node: server.paris }]',
      ]);
      const { due, completed, failedTotal, lost } = result.outcome;
      expect(completed + failedTotal).toBe(due);
      expect(lost).toBeGreaterThan(0);
      expect(counted(result, 'droppedPresettled')).toBeGreaterThanOrEqual(lost);
    });

    test('router-hub: edge routers bring every call to the hub and back', async () => {
      const result = await resultOf('router-hub', [on]);
      const { due, completed, lost } = result.outcome;
      expect([due, completed, lost]).toEqual([2400, due, 0]);
      const paths = result.locality.matrix.filter(({ count }) => count > 0);
      expect(paths.map(({ client, server }) => `${client} ${server}`).sort()).toEqual([
        'east hub',
        'south hub',
        'west hub',
      ]);
    });
  });
}
