import { describe, expect, it } from 'vitest';
import { sweeps } from '../../../orchestrator/read/ready-made.ts';
import { loadSweep } from '../../../orchestrator/sweep/load.ts';
import { busKey, ordered } from '../../../orchestrator/sweep/order.ts';

const names = (await sweeps.list()).map(({ name }) => name);

describe('ready-made sweeps', () => {
  it('cover the test plan and the wide WAN', () => {
    for (const name of ['tc1', 'tc2', 'tc3', 'tc4', 'wanwide']) expect(names).toContain(name);
  });

  it.each(names)('%s makes sense at every point', async (name) => {
    const { points, spec } = await loadSweep(name);
    expect(points.length).toBeGreaterThanOrEqual(24);
    expect(spec.repeat).toBeGreaterThanOrEqual(2);
    expect(new Set(points.map(({ id }) => id)).size).toBe(points.length);
  });

  it.each(['tc1', 'tc2', 'tc3', 'tc4', 'wanwide'])('%s compares all buses', async (name) => {
    const { points } = await loadSweep(name);
    const types = new Set(points.map(({ scenario }) => scenario.bus.type));
    expect([...types].sort()).toEqual(['rabbitmq', 'router', 'zeromq']);
  });

  it.each(names)('%s keeps points of one deployment together', async (name) => {
    const { points, spec } = await loadSweep(name);
    const keys = ordered(points, spec).map(({ scenario }) => busKey(scenario));
    const changes = keys.filter((key, i) => key !== keys[i - 1]).length;
    expect(changes).toBe(new Set(keys).size);
  });

  it.each(names)('%s says what shape to expect', async (name) => {
    const { readFile } = await import('node:fs/promises');
    const path = new URL(`../../../topologies/sweeps/${name}.yaml`, import.meta.url);
    expect(await readFile(path, 'utf8')).toMatch(/^# .+\n#\n[\s\S]*# Expected shape: /);
  });
});
