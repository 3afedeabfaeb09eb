import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { sampleProcessTree } from '../../orchestrator/hosts/proc.ts';
import { Sampler, type Watched } from '../../orchestrator/sampler.ts';
import { sleep } from '../helpers/agent-run.ts';

/** A process that has used so much CPU by the time it says so, and then rests. */
async function burn(cpuMs: number): Promise<{ pid: number; end: () => Promise<void> }> {
  const program = `while (process.cpuUsage().user + process.cpuUsage().system < ${cpuMs}e3);
    console.log('done'); setTimeout(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  const gone = once(child, 'exit');
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    end: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

it('goes on without a host that does not answer', async () => {
  const of = (name: string, host: Watched['host']): Watched => {
    return { role: 'bus', name, site: 'a', host, pid: () => process.pid };
  };
  const sampler = new Sampler([
    of('lost', { sample: () => new Promise(() => {}) }),
    of('here', { sample: async (pids) => pids.map(sampleProcessTree) }),
  ]);
  await sampler.start();
  const [lost, here] = await sampler.stop();
  expect(lost?.rssMaxBytes).toBe(0);
  expect(here?.rssMaxBytes).toBeGreaterThan(1e6);
});

it('asks each host once a second, whatever runs there', async () => {
  const asked: (readonly number[])[] = [];
  const host: Watched['host'] = {
    sample: async (pids) => {
      asked.push(pids);
      return pids.map(() => null);
    },
  };
  const all = [11, 12, 13].map((pid): Watched => {
    return { role: 'agent', name: String(pid), site: 'a', host, pid: () => pid };
  });
  const sampler = new Sampler(all);
  await sampler.start();
  expect(asked).toEqual([[11, 12, 13]]);
  await sampler.stop();
});

it('adds up the CPU of a process that was killed and started anew', async () => {
  let now: Awaited<ReturnType<typeof burn>> | null = await burn(600);
  const host = { sample: async (pids: readonly number[]) => pids.map(sampleProcessTree) };
  const node = {
    role: 'bus',
    name: 'bus-1',
    site: 'a',
    host,
    pid: () => now?.pid ?? null,
  } as const;
  const sampler = new Sampler([node]);
  await sampler.start();
  const first = now;
  now = null;
  await first.end();
  await sleep(1100);
  now = await burn(300);
  const [report] = await sampler.stop();
  await now.end();
  // The first life used its CPU before the first sample; the second one's is all ours.
  expect(report?.cpuSeconds).toBeGreaterThan(0.25);
  expect(report?.cpuSeconds).toBeLessThan(0.6);
  expect(report?.cpuPercentMean).toBeGreaterThan(0);
});
