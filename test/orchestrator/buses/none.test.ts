import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadScenario, parseScenario, scenarioYaml } from '../../../orchestrator/read/scenario.ts';
import type { RunResult } from '../../../reports/result.ts';
import { busbench, scratchFolder } from '../../helpers/cli.ts';
import { namespacesMissing } from '../../helpers/namespaces.ts';

const links = async (...sets: string[]) => (await loadScenario('links', sets)).scenario;

describe('a topology alone', () => {
  test('has nobody, and its notation reads as the same scenario', async () => {
    const scenario = await links('links.default.loss=1%', 'links.default.burst=4');
    expect([scenario.clients.count, scenario.servers.count]).toEqual([0, 0]);
    expect(scenario.links).toHaveLength(20);
    expect(scenario.links[0]).toMatchObject({ delayMs: 5, lossPercent: 1, lossBurst: 4 });
    const again = await parseScenario(scenarioYaml(scenario), 'again.yaml', []);
    expect(again.scenario).toEqual(scenario);
  });

  test('refuses peers, options, and faults of what is not there', async () => {
    const refused = links(
      'clients.count=3',
      'servers.count=1',
      'bus.mode=direct',
      'faults=[{ at: 0s, action: kill, node: bus-1, for: 1s }]',
    );
    await expect(refused).rejects.toMatchObject({ code: 'SCENARIO_INVALID' });
    await expect(refused).rejects.toThrow(/unknown key "mode"/);
    await expect(links('clients.count=3', 'servers.count=1')).rejects.toThrow(
      /neither clients nor servers[\s\S]*neither clients nor servers/,
    );
  });

  test('a burst below one packet is none', async () => {
    await expect(links('links.default.burst=0')).rejects.toThrow('links.default.burst');
  });
});

if (namespacesMissing !== null) test(`SKIPPED: ${namespacesMissing}`, ({ skip }) => skip());

describe.skipIf(namespacesMissing !== null)('busbench run links', () => {
  test('measures the twenty directions of five sites', async () => {
    await using folder = await scratchFolder();
    const out = join(folder.path, 'out');
    const { code, stdout, stderr, leftovers } = await busbench(['run', 'links', '-o', out]);
    expect(stderr).not.toContain('INTERNAL');
    expect([0, 4]).toContain(code);
    expect(stdout).toMatch(/\d+ of 20 directions within/);
    expect(stdout).not.toContain('NOTHING_MEASURED');
    const result: RunResult = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'));
    expect(result.wan.links).toHaveLength(20);
    for (const { from, to, requested, measured, withinTolerance } of result.wan.links) {
      const back = result.wan.links.find((link) => link.from === to && link.to === from);
      const rttMs = requested.delayMs + (back?.requested.delayMs ?? Number.NaN);
      expect(measured.rttMinMs).toBeGreaterThanOrEqual(rttMs);
      expect(measured.rttMinMs).toBeLessThan(rttMs + 5);
      expect(measured.lossPercent).toBe(0);
      expect(withinTolerance).not.toBeNull();
    }
    expect(await leftovers()).toEqual([]);
  }, 60_000);
});
