import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busbench, type Started, scratchFolder, startBusbench } from '../../helpers/cli.ts';
import {
  type ForeignRabbitmq,
  foreignRabbitmq,
  freePort,
  foreignRabbitmqMissing as missing,
} from '../../helpers/foreign-rabbitmq.ts';

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

test('a token is 256 bits, and its file is for its owner alone', async () => {
  await using folder = await scratchFolder();
  const [first, second] = await Promise.all([busbench(['token']), busbench(['token'])]);
  expect(first.stdout).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
  expect(first.stdout).not.toBe(second.stdout);
  const file = join(folder.path, 'token');
  const attempt = () => busbench(['controller', 'rpc-call', '--token-file', file]);
  expect(await attempt()).toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') });
  await writeFile(file, first.stdout, { mode: 0o644 });
  expect(await attempt()).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/expected mode 600, got 644\n {2}chmod 600 .*TOKEN_UNUSABLE/),
  });
  await writeFile(file, 'short\n');
  await chmod(file, 0o600);
  const { code, stderr } = await attempt();
  expect(code).toBe(2);
  expect(stderr).toContain('22 or more');
  expect(stderr).not.toContain('short');
});

test.each([
  [['--url', 'http://x'], 'expected a URL such as amqp://host:5672'],
  [['--url', 'amqp://u:pa%ss@x'], 'expected %25 for a percent sign'],
  [['--url', 'amqp://x', '--site', '9'], '--site: expected a site name'],
  [['--url', 'amqp://x', '--peers', '0'], 'expected a whole number, 1 or more'],
  [['--url', 'amqp://x', '--peers', '100001'], 'expected at most 100000 peers'],
  [['--url', 'amqp://x', '--join', 'nowhere'], 'expected host:port'],
])('what an agent cannot be: %j', async (args, message) => {
  await using folder = await scratchFolder();
  const file = join(folder.path, 'token');
  await writeFile(file, (await busbench(['token'])).stdout, { mode: 0o600 });
  const ended = await busbench(['server', ...args, '--token-file', file]);
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

describe.skipIf(missing !== null)('three terminals and a broker', () => {
  let broker: ForeignRabbitmq;
  let place: string;
  let token: string;
  const agents: Started[] = [];

  const agent = (role: string, site: string, ...more: string[]): Started => {
    const url = broker.plainUrl.replace('//', `//${broker.login}@`);
    const to = ['--url', url, '--topic', 't', '--join', place, '--token-file', token];
    const started = startBusbench([role, ...to, '--site', site, ...more]);
    agents.push(started);
    return started;
  };
  const controller = (test: string, name: string, ...more: string[]): Started => {
    const to = ['--listen', place, '--token-file', token, '-o', join(broker.folder, name)];
    const wanted = ['--wait-for', 'clients=2,servers=1', '--json'];
    return startBusbench(['controller', test, ...to, ...wanted, ...more]);
  };

  beforeAll(async () => {
    broker = await foreignRabbitmq();
    place = `127.0.0.1:${await freePort()}`;
    token = join(broker.folder, 'token');
    await writeFile(token, (await busbench(['token'])).stdout, { mode: 0o600 });
    agent('server', 'paris');
    agent('client', 'lyon', '--peers', '10');
    agent('client', 'nice', '--peers', '5');
  }, 80_000);

  afterAll(async () => {
    for (const { child } of agents) child.kill();
    await Promise.all(agents.map(({ finished }) => finished));
    await broker?.[Symbol.asyncDispose]();
  }, 60_000);

  test('call, cast, fanout and notify, one after the other; every message is accounted for', async () => {
    for (const [name, receivers] of [
      ['rpc-call', 1],
      ['rpc-cast', 1],
      ['rpc-fanout', 1],
      ['notify', 1],
    ] as const) {
      const { code, stdout, stderr } = await controller(
        name,
        name,
        ...['--calls', '20', '--pause', '0.01', '--timeout', '4'],
        ...['--set', 'phases.drain=4s'],
      ).finished;
      expect([0, 4], stderr).toContain(code);
      const { outcome, workload, scenario, wan, resources, locality } = JSON.parse(stdout);
      expect(outcome).toMatchObject({ due: 300, completed: 300, failedTotal: 0, lost: 0 });
      expect(outcome.delivered).toBe(300 * receivers);
      expect(workload).toMatchObject({ clients: 15, servers: 1 });
      expect(scenario).toMatchObject({ fabric: 'machines', bus: { type: 'external' } });
      expect(scenario.sites.map((site: { name: string }) => site.name)).toEqual([
        'lyon',
        'nice',
        'paris',
      ]);
      expect(wan.links).toEqual([]);
      const counts = locality.matrix.map((cell: { client: string; count: number }) => [
        cell.client,
        cell.count,
      ]);
      if (name === 'rpc-call')
        expect(new Map(counts)).toEqual(
          new Map([
            ['lyon', 200],
            ['nice', 100],
          ]),
        );
      const used = resources.processes.filter(
        (process: { role: string }) => process.role === 'agent',
      );
      expect(used).toHaveLength(3);
      for (const { rssMaxBytes, socketsMax } of used) {
        expect(rssMaxBytes).toBeGreaterThan(20e6);
        expect(socketsMax).toBeGreaterThan(0);
      }
      expect(stdout + stderr).not.toContain(broker.secret);
    }
    expect(await broker.foreignNames()).toEqual([]);
  }, 120_000);

  test('a result by hand is read again', async () => {
    const again = await busbench(['report', join(broker.folder, 'rpc-call')]);
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('3 sites on machines'),
    });
  });

  test('an agent that is killed in the test is told by name, and nobody waits for ever', async () => {
    const running = controller('rpc-call', 'killed', '--calls', '100000', '--pause', '0.01');
    await running.said(/measuring: [1-9]/);
    const [server] = agents;
    server?.child.kill('SIGKILL');
    await server?.finished;
    const { code, stdout } = await running.finished;
    expect(code).toBe(3);
    expect(JSON.parse(stdout).verdict.failure).toMatchObject({
      code: 'AGENT_DIED',
      message: expect.stringContaining('server.paris'),
    });
  }, 60_000);

  test('one that does not come is an error, not a smaller test', async () => {
    const { code, stderr, stdout } = await controller('rpc-call', 'short', '--join-timeout', '6')
      .finished;
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/expected clients=2, servers=1 .*AGENTS_MISSING/s);
  }, 60_000);

  test('shutdown sends them home, with exit code 0', async () => {
    agents[0] = agent('server', 'paris');
    agents.pop();
    expect((await controller('shutdown', 'unused').finished).code).toBe(0);
    const codes = await Promise.all(agents.map(async ({ finished }) => (await finished).code));
    expect(codes).toEqual([0, 0, 0]);
  }, 60_000);

  test('what the agents decide cannot be overridden', async () => {
    const { code, stderr } = await controller('rpc-call', 'x', '--set', 'links.default.delay=5ms')
      .finished;
    expect(code).toBe(2);
    expect(stderr).toContain('OVERRIDE_REFUSED');
  });
});
