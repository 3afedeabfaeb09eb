import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../orchestrator/read/scenario.ts';
import { minimal, mistakesOf, resolve } from '../../helpers/scenarios.ts';

describe('--set', () => {
  it('overrides any path, of maps that are there or not, and of lists', async () => {
    const scenario = await resolve(
      minimal,
      'workload.pace.rate=2000/s',
      'links.constraints[0]={src: paris, dst: lyon, delay: 3ms}',
      'links.constraints.0.delay=4ms',
      'sites[3]=brest',
      'clients={count: 8}',
      'expect=["outcome.lost == 0"]',
    );
    expect(scenario.workload.pace).toMatchObject({ ratePerSecond: 2000 });
    expect(scenario.links.find((l) => l.from === 'lyon' && l.to === 'paris')?.delayMs).toBe(4);
    expect(scenario.sites.map((site) => site.name)).toEqual(['paris', 'lyon', 'nice', 'brest']);
    expect(scenario.clients.count).toBe(8);
    expect(scenario.expect).toEqual(['outcome.lost == 0']);
  });

  it('lets later ones win', async () => {
    expect((await resolve(minimal, 'seed=2', 'seed=3')).seed).toBe(3);
  });

  it('is named by the mistakes it causes', async () => {
    const found = await mistakesOf(minimal, 'workload.timeout=5', 'phases.drian=1s');
    expect(found).toEqual([
      expect.objectContaining({ path: 'workload.timeout', line: 0, column: 0 }),
      expect.objectContaining({ path: 'phases.drian', line: 0, column: 0 }),
    ]);
    expect(found.map(({ set }) => set)).toEqual(['workload.timeout=5', 'phases.drian=1s']);
    expect(found[1]?.message).toContain('did you mean "drain"?');
    await expect(parseScenario(minimal, 'a.yaml', ['phases.drian=1s'])).rejects.toThrow(
      'a.yaml: phases.drian: unknown key "drian"; did you mean "drain"? (from --set phases.drian=1s)',
    );
  });

  it.each([
    ['seed', 'expected path=value'],
    ['=1', 'expected path=value'],
    ['a..b=1', 'expected a path'],
    ['seed.x=1', '--set seed.x=1: seed is not a map'],
    ['sites[9]=x', 'is a list of 3'],
    ['sites.x=x', 'is a list of 3'],
    ['seed=[', 'YAML'],
  ])('%s is a mistake', async (set, message) => {
    const found = await mistakesOf(`${minimal}seed: 4\n`, set);
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toContain(message);
  });
});
