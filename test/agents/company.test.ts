import { expect, it } from 'vitest';
import { nowUs } from '../../agents/clock.ts';
import { Company } from '../../agents/company.ts';
import { loadDriver } from '../../agents/drivers/registry.ts';
import type { FromAgent, Line, ToAgent } from '../../agents/protocol.ts';
import { Vitals } from '../../agents/vitals.ts';
import { memoryAssignment, sleep } from '../helpers/agent-run.ts';

/** A company in this process: what its agents said, and how it ended. */
function gather(): {
  readonly company: Company;
  readonly said: Line<FromAgent>[];
  readonly exitCodes: number[];
  tell(agent: number, message: ToAgent): void;
} {
  const said: Line<FromAgent>[] = [];
  const exitCodes: number[] = [];
  const company = new Company(
    { send: (line) => said.push(line), congested: false, drained: () => Promise.resolve() },
    {
      nowUs,
      makeWaker: () => ({ set: () => {}, close: () => {} }),
      vitals: new Vitals(nowUs),
      loadDriver,
      pid: 1,
      clock: 'test',
      log: () => {},
    },
    (exitCode) => exitCodes.push(exitCode),
  );
  const tell = (agent: number, message: ToAgent): void => company.receive({ agent, ...message });
  return { company, said, exitCodes, tell };
}

const hello: ToAgent = { type: 'hello', version: 3, silenceMs: 60_000 };

it('brings an agent to life at the first line to it, and each says who it is', () => {
  const { company, said, tell } = gather();
  tell(4, hello);
  tell(9, hello);
  tell(4, { type: 'clock', id: 1 });
  expect(said.map(({ agent, type }) => [agent, type])).toEqual([
    [4, 'hello'],
    [9, 'hello'],
    [4, 'clock'],
  ]);
  company.close(0);
});

it('ends with the last of its agents, with the worst exit code', async () => {
  const { said, exitCodes, tell } = gather();
  for (const agent of [1, 2]) tell(agent, hello);
  tell(1, { type: 'directory', directory: null });
  await sleep(20);
  expect(said.at(-1)).toMatchObject({ agent: 1, type: 'failed', code: 'AGENT_PROTOCOL' });
  expect(exitCodes).toEqual([]);
  tell(2, { type: 'stop' });
  await sleep(20);
  expect(exitCodes).toEqual([1]);
});

it('fails all its agents at a line to none of them', async () => {
  const { company, said, exitCodes, tell } = gather();
  for (const agent of [1, 2]) tell(agent, hello);
  company.receive({ type: 'stop' } as Line<ToAgent>);
  const failed = said.filter(({ type }) => type === 'failed');
  expect(failed.map(({ agent }) => agent)).toEqual([1, 2]);
  expect(failed[0]).toMatchObject({ code: 'AGENT_PROTOCOL' });
  await sleep(20);
  expect(exitCodes).toEqual([1]);
});

it('ends all its agents when the orchestrator is silent, with the reason', async () => {
  const { said, tell } = gather();
  for (const agent of [1, 2]) tell(agent, { ...hello, silenceMs: 300 });
  await expect.poll(() => said.filter(({ type }) => type === 'failed').length).toBe(2);
  expect(said.at(-1)).toMatchObject({ code: 'AGENT_ORPHANED' });
});

it('tells of the process once, however many agents it plays', async () => {
  const { company, said, tell } = gather();
  for (const agent of [0, 1, 2]) {
    tell(agent, hello);
    const assignment = memoryAssignment(
      {},
      {},
      { process: `client.${agent}`, processIndex: agent },
    );
    tell(agent, { type: 'assign', assignment });
    tell(agent, { type: 'collect' });
  }
  const collected = (): Line<FromAgent>[] => said.filter(({ type }) => type === 'collected');
  await expect.poll(() => collected().length).toBe(3);
  expect(collected().filter((part) => 'vitals' in part)).toHaveLength(1);
  company.close(0);
});
