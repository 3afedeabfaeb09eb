import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { eventually } from '../contract/host.ts';
import { busbench, scenarioFile, scratchFolder, startBusbench } from '../helpers/cli.ts';
import { rabbitmqMissing } from '../helpers/rabbitmq.ts';
import { type Machines, machinesMissing, makeMachines } from '../helpers/ssh/machines.ts';

if (machinesMissing !== null) test(`SKIPPED: ${machinesMissing}`, ({ skip }) => skip());

const scenario = `
schema: busbench/scenario/1
name: three-machines
fabric: machines
sites: { paris: { hosts: [h1] }, lyon: { hosts: [h2] }, nice: { hosts: [h3] } }
bus: { type: zeromq }
servers: { count: 3 }
clients: { count: 6 }
workload: { pattern: call, pace: { rate: 90/s }, body: 256, timeout: 2s }
phases: { warmup: 500ms, measure: 4s, drain: 2s }
`;

describe.skipIf(machinesMissing !== null)('a run on three machines', () => {
  let machines: Machines;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    machines = await makeMachines(3);
    env = { PATH: machines.path };
  });
  afterAll(async () => {
    await machines?.[Symbol.asyncDispose]();
  });

  /** Nothing of ours is on any machine, but the code that is kept for the next run. */
  async function expectClean(...which: readonly number[]): Promise<void> {
    for (const machine of which) {
      await eventually(async () => (await machines.at(machine, 'ls -A /tmp')) === '', 20_000);
      expect(await machines.at(machine, 'pgrep -l "node|beam|epmd" || true')).toBe('');
    }
  }

  function resultIn(folder: string): RunResult {
    return parseResult(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')));
  }

  async function run(yaml: string, ...sets: readonly string[]): Promise<RunResult> {
    await using folder = await scratchFolder();
    const out = join(folder.path, 'out');
    const file = await scenarioFile(folder.path, yaml);
    const flags = sets.flatMap((set) => ['--set', set]);
    const { code, stderr, leftovers } = await busbench(['run', file, '-o', out, ...flags], env);
    expect([0, 4], stderr).toContain(code);
    expect(await leftovers()).toEqual([]);
    return resultIn(out);
  }

  async function resultOf(yaml: string, ...sets: readonly string[]): Promise<RunResult> {
    const result = await run(yaml, ...sets);
    await expectClean(1, 2, 3);
    expect(result.outcome.due).toBe(result.outcome.completed + result.outcome.failedTotal);
    expect(result.outcome.lost + result.outcome.duplicated + result.outcome.unknown).toBe(0);
    return result;
  }

  test('measures, says what it cannot know, and leaves nothing', async () => {
    const result = await resultOf(scenario);
    expect(result.outcome.completed).toBe(360);
    const { wan } = result;
    expect(wan.links).toHaveLength(6);
    expect(wan.links.every((link) => link.withinTolerance === null)).toBe(true);
    expect(wan.interSiteBytes).toBeNull();
    expect(wan.interSiteRatioReason).toContain('as they are');
    expect(result.environment.versions['host lyon']).toMatch(/^h2, node v\d+/);
    const agents = result.resources.processes.filter(({ role }) => role === 'agent');
    expect(agents.every(({ cpuSeconds, socketsMax }) => cpuSeconds > 0 && socketsMax > 0)).toBe(
      true,
    );
  }, 90_000);

  test.each(['cast', 'fanout', 'notify'])(
    '%s over zeromq',
    async (pattern) => {
      const sets = [`workload.pattern=${pattern}`, 'phases.measure=2s'];
      const { outcome } = await resultOf(
        scenario,
        ...sets,
        ...(pattern === 'notify' ? ['workload.pools=1'] : []),
      );
      expect(outcome.completed).toBe(180);
      expect(outcome.delivered).toBe(outcome.expectedDeliveries);
    },
    90_000,
  );

  if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

  test.skipIf(rabbitmqMissing !== null)(
    'a RabbitMQ cluster of three machines',
    async () => {
      const bus = 'bus={"type":"rabbitmq","nodes":["paris","lyon","nice"],"queues":"quorum"}';
      const result = await resultOf(scenario, bus, 'guarantee=at-least-once');
      expect(result.outcome.completed).toBe(360);
      expect(result.bus.nodes.map(({ site }) => site)).toEqual(['paris', 'lyon', 'nice']);
      const nodes = result.resources.processes.filter(({ role }) => role === 'bus');
      expect(nodes.every(({ cpuSeconds }) => cpuSeconds > 0)).toBe(true);
    },
    180_000,
  );

  test('a broker that a machine lacks is told before anything is started', async () => {
    await using folder = await scratchFolder();
    const file = await scenarioFile(folder.path, scenario);
    // One that this machine may have, and that one has not.
    await machines.at(2, 'mount -t tmpfs none /usr/lib/rabbitmq 2>/dev/null; true');
    const bus = 'bus={"type":"rabbitmq","nodes":["lyon"]}';
    const { code, stderr } = await busbench(
      ['run', file, '-o', join(folder.path, 'out'), '--set', bus],
      env,
    );
    await machines.at(2, 'umount /usr/lib/rabbitmq 2>/dev/null; true');
    expect(code).toBe(2);
    expect(stderr).toContain('lyon: no rabbitmq-server found');
    expect(stderr).toContain('NOT_AVAILABLE');
    await expectClean(1, 2, 3);
  }, 60_000);

  test('check --hosts says what each machine is and lacks, destroy --hosts what a crash left', async () => {
    await using folder = await scratchFolder();
    const yaml = scenario.replace('hosts: [h2]', 'hosts: [h2, nobody-there]');
    const file = await scenarioFile(folder.path, yaml);
    const checked = await busbench(['check', '--hosts', file], env);
    expect(checked.stdout).toMatch(/^yes {2}paris \(h1\) +10\.98\.0\.1, node v\d+/m);
    expect(checked.stdout).toMatch(/^yes {2}lyon\.1 \(h2\)/m);
    expect(checked.stdout).toMatch(
      /^no {3}lyon\.2 \(nobody-there\)[\s\S]*Could not resolve hostname/m,
    );
    // A far end that was killed: its processes went with it, its directory could not.
    const pids = "$(readlink /proc/self/ns/pid | tr -dc '0-9')";
    const dead = '/tmp/busbench-dead-1';
    await machines.at(3, `mkdir ${dead}; printf "dead:999999:1:1:${pids}" > ${dead}/.owner`);
    const cleared = await busbench(['destroy', '--hosts', file], env);
    expect(cleared.stdout).toMatch(/nice \(h3\) +leftovers of dead: removed/);
    expect(cleared.stdout).toMatch(/paris \(h1\) +nothing/);
    expect(cleared.code).toBe(3);
    await expectClean(1, 2, 3);
  }, 60_000);

  test('two controllers on the same machines at once do not meet', async () => {
    const sets = ['phases.measure=2s', 'workload.pace.rate=30/s'];
    const both = await Promise.all([run(scenario, ...sets), run(scenario, ...sets)]);
    for (const { outcome } of both) {
      expect(outcome.completed).toBe(60);
      expect(outcome.lost + outcome.duplicated + outcome.unknown).toBe(0);
    }
    await expectClean(1, 2, 3);
  }, 120_000);

  test('a cable out in the window fails the run by the name of its machine, and leaves nothing', async () => {
    await using folder = await scratchFolder();
    const out = join(folder.path, 'out');
    const file = await scenarioFile(folder.path, scenario);
    const flags = ['--set', 'phases.measure=40s'];
    const run = startBusbench(['run', file, '-o', out, ...flags], env);
    await run.said(/measuring, /);
    await machines.here('ip link set v2 down');
    const { code, leftovers } = await run.finished;
    expect(code).toBe(3);
    expect(await leftovers()).toEqual([]);
    const { verdict } = resultIn(out);
    expect(verdict.failure).toMatchObject({
      code: 'HOST_LOST',
      message: expect.stringContaining('lyon is lost: it has said nothing for'),
    });
    await expectClean(1, 3);
    await machines.here('ip link set v2 up');
    await expectClean(2);
  }, 120_000);

  test('kill -9 of the controller leaves nothing on any machine', async () => {
    await using folder = await scratchFolder();
    const file = await scenarioFile(folder.path, scenario);
    const out = join(folder.path, 'out');
    const run = startBusbench(['run', file, '-o', out, '--set', 'phases.measure=40s'], env);
    await run.said(/measuring, /);
    run.child.kill('SIGKILL');
    const { leftovers } = await run.finished;
    expect(await leftovers()).toEqual([]);
    await expectClean(1, 2, 3);
  }, 90_000);
});
