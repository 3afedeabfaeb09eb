import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadScenario } from '../../orchestrator/read/scenario.ts';
import { run } from '../../orchestrator/run.ts';
import { makeDirectories } from '../../orchestrator/run-directories.ts';
import { scratchFolder } from '../helpers/cli.ts';

test('what breaks while a run is being stopped does not hide that it was stopped', async () => {
  await using folder = await scratchFolder();
  const { scenario } = await loadScenario('floor', []);
  await using directories = await makeDirectories('floor', join(folder.path, 'r'), false);
  const stop = new AbortController();
  const reason = new Error('stopped by the user');
  const onProgress = (): void => {
    stop.abort(reason);
    throw new Error('the channel broke');
  };
  const stopped = run(scenario, {
    context: directories,
    commandLine: [],
    onProgress,
    stop: stop.signal,
  });
  await expect(stopped).rejects.toBe(reason);
});

test('an agent that hangs is missing from the result, and the rest of it stands', async () => {
  await using folder = await scratchFolder();
  const short = ['clients.count=6', 'workload.pace.rate=60/s', 'phases.measure=2s'];
  const { scenario } = await loadScenario('quickstart', short);
  await using directories = await makeDirectories('hung', join(folder.path, 'r'), false);
  let hung = false;
  const { result } = await run(scenario, {
    context: directories,
    commandLine: [],
    onProgress: ({ step }) => {
      if (hung || step !== 'measuring') return;
      hung = true;
      const [agent] = agentsOfOurs();
      if (agent !== undefined) process.kill(agent, 'SIGSTOP');
    },
    stop: new AbortController().signal,
    collectMs: 2_000,
  });
  expect(result.verdict.status).toBe('invalid');
  expect(result.verdict.warnings.map(({ code }) => code)).toContain('AGENT_MISSING');
  expect(result.outcome.completed).toBeGreaterThan(0);
  expect(result.outcome.completed + result.outcome.failedTotal).toBe(result.outcome.due);
  expect(agentsOfOurs()).toEqual([]);
}, 120_000);

/** Pids of agents that this process started. */
function agentsOfOurs(): readonly number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  const pids = children === '' ? [] : children.split(' ').map(Number);
  return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('agents/main'));
}
