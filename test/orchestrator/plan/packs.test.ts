import { describe, expect, it } from 'vitest';
import { type Machine, packAgents } from '../../../orchestrator/plan/packs.ts';
import { makePlan } from '../../../orchestrator/plan/plan.ts';
import { minimal, resolve } from '../../helpers/scenarios.ts';

const small: Machine = { cores: 2, memoryBytes: 8 * 2 ** 30 };

/** Names of the processes with those of their agents. */
async function packed(machine: Machine, ...sets: string[]): Promise<Record<string, string[]>> {
  const plan = makePlan(await resolve(minimal, ...sets));
  const packs = packAgents(plan, machine);
  const all = packs.flatMap(({ agents }) => agents.map(({ index }) => index));
  expect(all.sort((a, b) => a - b)).toEqual(plan.processes.map(({ index }) => index));
  return Object.fromEntries(
    packs.map(({ name, agents }) => [name, agents.map((agent) => agent.name)]),
  );
}

describe('packAgents', () => {
  it('gives a role half of the cores, and never one process to both', async () => {
    expect(await packed(small)).toEqual({
      'servers.1': ['server.paris', 'server.lyon', 'server.nice'],
      'clients.1': ['client.paris', 'client.lyon', 'client.nice'],
    });
    expect(Object.keys(await packed({ ...small, cores: 4 }))).toEqual([
      'servers.1',
      'server.lyon',
      'clients.1',
      'client.lyon',
    ]);
    expect(Object.keys(await packed({ ...small, cores: 64 }))).toHaveLength(6);
  });

  it('leaves those that a fault names alone', async () => {
    const fault = 'faults=[{ at: 1s, for: 1s, action: pause, node: client.lyon }]';
    const packs = await packed(small, 'phases.measure=10s', fault);
    expect(packs['client.lyon']).toEqual(['client.lyon']);
    expect(packs['clients.1']).toEqual(['client.paris', 'client.nice']);
  });

  it('keeps agents of one site and role apart: they are several to have a process each', async () => {
    const packs = await packed(small, 'agents.processes=2', 'agents.pack=1', 'clients.count=30');
    expect(packs['clients.1']).toEqual(['client.paris', 'client.lyon', 'client.nice']);
    expect(packs['clients.2']).toEqual(['client.paris.2', 'client.lyon.2', 'client.nice.2']);
  });

  it('does as the scenario says, where it says', async () => {
    expect(Object.keys(await packed(small, 'agents.pack=none'))).toHaveLength(6);
    expect(Object.keys(await packed(small, 'agents.pack=2'))).toHaveLength(4);
    expect(Object.keys(await packed(small, 'fabric=namespaces'))).toHaveLength(6);
  });

  it('takes more processes for very many peers, and fewer where memory is short', async () => {
    const many = await packed(small, 'clients.count=7500');
    expect(Object.keys(many).filter((name) => name.startsWith('client'))).toHaveLength(3);
    const wide: Machine = { cores: 16, memoryBytes: 2 ** 30 };
    expect(Object.keys(await packed(wide))).toEqual(['servers.1', 'clients.1']);
  });
});
