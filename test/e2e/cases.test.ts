import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../reports/read.ts';
import { busbench, scratchFolder } from '../helpers/cli.ts';

// Inputs that people came with, each with its right outcome.

const cases = join(import.meta.dirname, '..', 'fixtures', 'cases');

describe('a file that is not right', () => {
  it.each([
    ['url-stray-percent', '4:29: bus.url: expected %25 for a percent sign in the virtual host'],
    ['url-unknown-query', '4:29: bus.url: expected nothing after the virtual host: no ? and no #'],
    ['url-port-zero', '4:29: bus.url: expected a port from 1 to 65535; got 0'],
    ['one-slip-57-mistakes', '9:17: YAML: unexpected [ here'],
    ['two-documents', '6:1: YAML: a second document begins here; expected one in a file'],
  ])('%s is one mistake, at its place', async (name, message) => {
    const { code, stderr } = await busbench(['plan', join(cases, `${name}.yaml`)]);
    expect(code).toBe(2);
    expect(stderr).toContain(`1 mistake in `);
    expect(stderr).toContain(`${name}.yaml:${message}`);
  });

  it('sizes-semicolon says what was expected, and what is there', async () => {
    const set = ['--set', 'workload.body.file=sizes-semicolon.csv'];
    const { code, stderr } = await busbench(['plan', join(cases, 'sizes-quoted.yaml'), ...set]);
    expect(code).toBe(2);
    expect(stderr).toContain('expected bytes,weight with a comma between them; got "bytes;weight"');
  });
});

describe('a file that is right', () => {
  it.each([
    ['merge-keys', 'merge-keys', []],
    ['sizes-quoted', 'sizes-quoted', []],
    ['sizes-blanks', 'sizes-quoted', ['--set', 'workload.body.file=sizes-blanks.csv']],
  ])(
    '%s works',
    async (_, name, sets) => {
      await using folder = await scratchFolder();
      const results = join(folder.path, 'r');
      const { code, stderr } = await busbench([
        'run',
        join(cases, `${name}.yaml`),
        ...sets,
        '-o',
        results,
      ]);
      expect([0, 4], stderr).toContain(code);
      const { outcome, scenario } = (await readRecord(results)).result;
      expect(outcome).toMatchObject({ due: 120, completed: 120 });
      if (name === 'merge-keys') {
        const link = { from: 'a', to: 'b', delayMs: 5, jitterMs: 1 };
        expect(scenario.links).toContainEqual(expect.objectContaining(link));
      } else {
        const weights = name === 'sizes-quoted' && sets.length === 0 ? [0.7, 0.3] : [7, 3];
        expect(scenario.workload.body).toMatchObject({
          rows: [
            [256, weights[0]],
            [4096, weights[1]],
          ],
        });
      }
    },
    60_000,
  );

  it('one-call saturates nobody', async () => {
    await using folder = await scratchFolder();
    const results = join(folder.path, 'r');
    const { code, stderr } = await busbench(['run', join(cases, 'one-call.yaml'), '-o', results]);
    expect([0, 4], stderr).toContain(code);
    const { outcome, verdict } = (await readRecord(results)).result;
    expect(outcome).toMatchObject({ due: 1, completed: 1 });
    expect(verdict.warnings.map((warning) => warning.code)).not.toContain('AGENT_SATURATED');
  }, 60_000);

  it('more-than-the-agents-can is our doing, and says so', async () => {
    await using folder = await scratchFolder();
    const results = join(folder.path, 'r');
    const file = join(cases, 'more-than-the-agents-can.yaml');
    const { code, stderr } = await busbench(['run', file, '-o', results]);
    expect(code, stderr).toBe(4);
    const { outcome, verdict } = (await readRecord(results)).result;
    expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
    const late = verdict.warnings.find((warning) => warning.code === 'AGENT_LATE');
    expect(late).toMatchObject({ invalidates: true });
    // What was too late when we came to it is not blamed on the bus.
    const { unsent = {} } = outcome.reasons;
    expect(unsent['our agent came to it after its deadline']).toBeGreaterThan(0);
    const below = verdict.warnings.find((warning) => warning.code === 'BELOW_OFFERED');
    expect(below?.message).toContain('the agents, which are ours, took them late');
  }, 180_000);
});
