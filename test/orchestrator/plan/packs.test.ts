import { describe, expect, it } from 'vitest';
import { connectionProblem, needsOf } from '../../../orchestrator/plan/limits.ts';
import { type Machine, packAgents } from '../../../orchestrator/plan/packs.ts';
import { makePlan } from '../../../orchestrator/plan/plan.ts';
import { minimal, resolve } from '../../helpers/scenarios.ts';

const small: Machine = { cores: 2, memoryBytes: 8 * 2 ** 30, files: 20_000 };

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
    // 60 clients with 3 connections each, of 2 files.
    const short = await packed({ ...small, files: 300 }, 'clients.count=60');
    expect(Object.keys(short).filter((name) => name.startsWith('client'))).toHaveLength(3);
    const wide: Machine = { ...small, cores: 16, memoryBytes: 2 ** 30 };
    expect(Object.keys(await packed(wide))).toEqual(['servers.1', 'clients.1']);
  });
});

describe('open files', () => {
  const needs = async (machine: Machine, ...sets: string[]): Promise<Record<string, number>> => {
    const plan = makePlan(await resolve(minimal, ...sets));
    return Object.fromEntries(needsOf(plan, machine).map(({ name, files }) => [name, files]));
  };

  it('are counted by process: two a ZeroMQ connection where it is dialed, one where it is accepted', async () => {
    const sets = ['servers.count=3', 'clients.count=30'];
    expect(await needs(small, ...sets)).toEqual({
      'clients.1': 100 + 2 * 30 * 3,
      'servers.1': 100 + 3 * 31,
    });
    expect(await needs(small, ...sets, 'agents.pack=none')).toMatchObject({
      'client.paris': 100 + 2 * 10 * 3,
      'server.lyon': 100 + 31,
    });
    expect(await needs(small, ...sets, 'clients.connections=shared')).toMatchObject({
      'clients.1': 100 + 2 * 3 * 3,
    });
  });

  it('that a process may not have are refused, and more processes help', async () => {
    const problem = async (files: number, ...sets: string[]): Promise<string | null> =>
      connectionProblem(makePlan(await resolve(minimal, ...sets)), { ...small, files });
    const many = ['clients.count=3000', 'agents.pack=none'];
    expect(await problem(5_000, ...many)).toMatch(
      /^client\.\w+ would open 3000 connections .* 6100 files of at most 5000/,
    );
    expect(await problem(7_000, ...many)).toBeNull();
    expect(await problem(5_000, ...many, 'agents.processes=2')).toBeNull();
  });

  it('do not lift what libzmq itself allows', async () => {
    const problem = async (processes: number): Promise<string | null> => {
      const scenario = await resolve(minimal, 'agents.pack=none', `agents.processes=${processes}`);
      const clients = { ...scenario.clients, count: 66_000 };
      return connectionProblem(makePlan({ ...scenario, clients }), { ...small, files: null });
    };
    expect(await problem(1)).toMatch(/^client.* libzmq allows 65535/);
    expect(await problem(4)).toBeNull();
  });
});
