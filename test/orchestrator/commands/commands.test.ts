import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { programPath } from '../../../orchestrator/processes/program.ts';

/** Runs the compiled command line; never throws on an exit code. */
async function busbench(
  ...args: string[]
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode?: number }> {
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    [programPath('orchestrator/cli'), ...args],
    { reject: false, timeout: 20_000 },
  );
  return { stdout, stderr, ...(exitCode === undefined ? {} : { exitCode }) };
}

describe('busbench', () => {
  it('lists the ready-made scenarios and, apart from them, sweeps, each on a line that says what it is', async () => {
    const { stdout, exitCode } = await busbench('list');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^quickstart +Three sites/m);
    const all = JSON.parse((await busbench('list', '--json')).stdout);
    expect(all.scenarios).toContainEqual({
      name: 'floor',
      about: expect.stringContaining('floor'),
    });
    expect(all.sweeps).toContainEqual({ name: 'wanwide', about: expect.stringContaining('WAN') });
    // Two headings and an empty line between scenarios and sweeps.
    expect(stdout.split('\n')).toHaveLength(all.scenarios.length + all.sweeps.length + 3);
    expect(stdout.indexOf('wanwide')).toBeGreaterThan(stdout.indexOf('Sweeps'));
  });

  it('plans without starting anything', async () => {
    const { stdout, exitCode } = await busbench('plan', '--set', 'workload.pace.rate=100/s');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('open loop, 100/s in all');
    const plan = JSON.parse((await busbench('plan', 'floor', '--json')).stdout);
    expect(plan).toMatchObject({
      schema: 'busbench/plan/1',
      name: 'floor',
      agents: [{ name: 'memory', role: 'both' }],
      budget: { operations: 5000 },
    });
  });

  it('answers bad input with every mistake, nothing on stdout and exit code 2', async () => {
    const { stdout, stderr, exitCode } = await busbench(
      'plan',
      'quickstart',
      '--set',
      'workload.timeout=5',
      '--set',
      'seed=x',
    );
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain('2 mistakes');
    expect(stderr).toContain('[SCENARIO_INVALID]');
    expect(await busbench('plan', 'absent.yaml')).toMatchObject({ stdout: '', exitCode: 2 });
    expect(await busbench('schema', 'nothing')).toMatchObject({ stdout: '', exitCode: 2 });
  });

  it.each(['scenario', 'sweep', 'result'])('has a JSON Schema for a %s', async (format) => {
    const { stdout, exitCode } = await busbench('schema', format);
    expect(exitCode).toBe(0);
    const schema = JSON.parse(stdout);
    expect(schema.$schema).toContain('json-schema.org');
    expect(schema.properties.schema.const).toBe(`busbench/${format}/1`);
  });

  it('checks the machine: each part with its version, each "no" with what mends it', async () => {
    const { stdout, exitCode } = await busbench('check', '--json');
    expect(exitCode).toBe(0);
    const findings: readonly { what: string; ok: boolean; found: string; hint: string | null }[] =
      JSON.parse(stdout);
    expect(findings).toContainEqual({
      what: 'node',
      ok: true,
      found: process.version,
      hint: null,
    });
    for (const { what, ok, found, hint } of findings) {
      expect(hint === null, what).toBe(ok);
      expect(found, what).not.toMatch(/^$|undefined/);
      if (ok && ['bus rabbitmq', 'bus router'].includes(what)) expect(found).toMatch(/\d+\.\d+/);
    }
  });
});
