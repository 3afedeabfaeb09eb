import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nowUs } from '../../../agents/clock.ts';
import type { Agent } from '../../../orchestrator/agents/agent.ts';
import { AgentGroup } from '../../../orchestrator/agents/agent-group.ts';
import type { Host } from '../../../orchestrator/hosts/host.ts';
import { localHost } from '../../../orchestrator/hosts/local.ts';
import { namespaceHost } from '../../../orchestrator/hosts/namespace.ts';
import { makePlan } from '../../../orchestrator/plan/plan.ts';
import { parseScenario } from '../../../orchestrator/read/scenario.ts';
import { sleep } from '../../helpers/agent-run.ts';

/** Debian's libfaketime: LD_PRELOAD makes a clock that drifts, which a time namespace cannot. */
const faketime = ['/usr/lib', '/usr/lib64']
  .filter(existsSync)
  .flatMap((root) => readdirSync(root).map((name) => join(root, name, 'faketime')))
  .map((folder) => join(folder, 'libfaketimeMT.so.1'))
  .find(existsSync);
const canShift = process.platform === 'linux' && process.getuid?.() === 0;

/** Two hosts on this machine's clock, one 3 s ahead, one 3 s ahead that gains 200 µs a second. */
const text = `
schema: busbench/scenario/1
agents: { pack: none }
name: clocks
fabric: loopback
sites: [paris, lyon, nice]
links: { default: { delay: 1ms } }
bus: { type: zeromq }
workload: { pattern: call, pace: { rate: 10/s } }
clients: { count: 3 }
servers: { count: 3 }
phases: { measure: 1s }
`;

let scratch = '';

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'busbench-clocks-'));
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

function host(site: string, enter: readonly string[]): Promise<Host> {
  const spec = { name: site, site, address: '127.0.0.1', directory: join(scratch, site) };
  return enter.length === 0 ? localHost(spec) : namespaceHost(spec, { enter, mark: {} });
}

/** Truth: a program on that host reads its clock while we read ours; the tightest of many. */
async function truth(on: Host): Promise<{ atUs: number; offsetUs: number; errorUs: number }> {
  const program = `process.stdin.on('data', () => {
    const [s, n] = process.hrtime(); process.stdout.write(s * 1e6 + n / 1e3 + '\\n'); });`;
  const child = await on.spawn([process.execPath, '-e', program], {
    stdio: 'pipe',
    logFile: join(scratch, 'truth.log'),
  });
  let best = { atUs: 0, offsetUs: 0, errorUs: Number.POSITIVE_INFINITY };
  for (let i = 0; i < 200; i++) {
    const sentUs = nowUs();
    child.stdin?.write('?');
    const text = await new Promise<string>((resolve) => {
      child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    });
    const arrivedUs = nowUs();
    const atUs = (sentUs + arrivedUs) / 2;
    const errorUs = (arrivedUs - sentUs) / 2;
    if (errorUs < best.errorUs) best = { atUs, offsetUs: Number(text) - atUs, errorUs };
  }
  await child.end(1_000);
  return best;
}

/** Is what the group believes of that agent's clock true, within what it says it may be wrong by? */
async function checkAgainstTruth(group: AgentGroup, agent: Agent): Promise<number> {
  const { atUs, offsetUs, errorUs } = await truth(agent.host);
  const believedUs = group.clocks.momentFor(agent, atUs) - atUs;
  const { boundUs = 0 } = group.clocks.seen()[agent.index] ?? {};
  expect(Math.abs(believedUs - offsetUs)).toBeLessThanOrEqual(boundUs + errorUs);
  return offsetUs;
}

describe.skipIf(!canShift || faketime === undefined)(
  'clocks of a run (needs root, time namespaces and the Debian package faketime)',
  () => {
    it('are told apart and followed: one of ours, one 3 s ahead, one that drifts by 200 ppm', async () => {
      const shift = ['unshare', '--time', '--monotonic', '3', '--boottime', '3'];
      const on = await host('holder', []);
      const holder = await on.spawn([...shift, 'sleep', '120'], {
        stdio: 'log',
        logFile: join(scratch, 'holder.log'),
      });
      const ahead = ['nsenter', `--time=/proc/${holder.pid}/ns/time`];
      const drifting = [...ahead, 'env', `LD_PRELOAD=${faketime}`, 'FAKETIME=+3s x1.0002'];
      const hosts = [
        await host('paris', []),
        await host('lyon', ahead),
        await host('nice', drifting),
      ];
      const { scenario } = await parseScenario(text, 'clocks.yaml', []);
      const signal = AbortSignal.timeout(60_000);
      await using group = await AgentGroup.start(makePlan(scenario), hosts, scratch, signal);
      const [paris, lyon, nice] = ['paris', 'lyon', 'nice'].map((site) =>
        group.agents.filter((agent) => agent.site === site),
      );
      const clocksOf = (agents: readonly Agent[] = []): Set<number | undefined> =>
        new Set(agents.map(({ index }) => group.clocks.seen()[index]?.clock));
      // Two processes a site read one clock; ours is 0.
      expect(clocksOf(paris)).toEqual(new Set([0]));
      expect(clocksOf(lyon).size).toBe(1);
      // Those of nice say that theirs is lyon's, and an exchange says that it is not.
      const others = new Set([...clocksOf(paris), ...clocksOf(lyon)]);
      expect([...clocksOf(nice)].filter((clock) => others.has(clock))).toEqual([]);
      for (const { index } of paris ?? []) {
        expect(group.clocks.seen()[index]).toEqual({ clock: 0, boundUs: 0, spreadUs: 0 });
      }
      const [near] = lyon ?? [];
      const [far] = nice ?? [];
      if (near === undefined || far === undefined) throw new Error('a site without an agent');
      expect(await checkAgainstTruth(group, near)).toBeGreaterThan(2.9e6);
      // A line is worth having because it goes on: its slope is that of the clock.
      await sleep(8_000);
      await checkAgainstTruth(group, near);
      const now = nowUs();
      const gained =
        group.clocks.momentFor(far, now + 1e6) - group.clocks.momentFor(far, now) - 1e6;
      expect(gained).toBeGreaterThan(100);
      expect(gained).toBeLessThan(300);
      await holder.end(1_000);
    });
  },
);
