import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Host } from '../../../../orchestrator/hosts/host.ts';
import { type Connection, connectMachine } from '../../../../orchestrator/hosts/remote/connect.ts';
import { remoteHost } from '../../../../orchestrator/hosts/remote/remote-host.ts';
import { eventually, hostContract } from '../../../contract/host.ts';
import { type Machines, machinesMissing, makeMachines } from '../../../helpers/ssh/machines.ts';

if (machinesMissing !== null) test(`SKIPPED: ${machinesMissing}`, ({ skip }) => skip());

const never = new AbortController().signal;

describe.skipIf(machinesMissing !== null)('host ssh', () => {
  let machines: Machines;
  const usualPath = process.env['PATH'];
  beforeAll(async () => {
    machines = await makeMachines(2);
    process.env['PATH'] = machines.path;
  });
  afterAll(async () => {
    process.env['PATH'] = usualPath;
    await machines?.[Symbol.asyncDispose]();
  });

  hostContract('ssh', () => connected(1));

  test('our code goes there once, whole, and two at a time do not disturb each other', async () => {
    expect(await machines.at(2, 'ls ~/.cache/busbench 2>/dev/null; true')).toBe('');
    const both = await Promise.all([connected(2), connected(2)]);
    const cache = await machines.at(2, 'ls -A ~/.cache/busbench');
    expect(cache.trim().split('\n')).toHaveLength(1);
    const [first, second] = both.map(({ host }) => host.directory);
    expect(first).not.toBe(second);
    for (const { dispose } of both) await dispose();
    expect(await machines.at(2, 'ls -A /tmp')).toBe('');
  });

  test('a connection that is lost takes everything there with it', async () => {
    const { host, connection, dispose } = await connected(2);
    onTestFinished(dispose);
    const logFile = join(tmpdir(), `busbench-lost-${process.pid}.log`);
    onTestFinished(() => rm(logFile, { force: true }));
    const stray = 'trap "" TERM HUP; setsid sh -c "sleep 300; true" & wait';
    const child = await host.spawn(['sh', '-c', stray], { stdio: 'log', logFile });
    expect(await machines.at(2, 'pgrep -c sleep')).toBe('1\n');
    await machines.at(2, 'pkill -9 -f "sshd: root@notty" || true').catch(() => '');
    expect(await child.exited).toMatchObject({ code: null, lost: { code: 'HOST_LOST' } });
    expect(connection.session.lost?.message).toContain('its ssh ended');
    await expect(host.sample([1])).rejects.toMatchObject({ code: 'HOST_LOST' });
    await eventually(async () => (await machines.at(2, 'pgrep -c "sleep|node"; true')) === '0\n');
    await eventually(async () => (await machines.at(2, 'ls -A /tmp')) === '');
  });

  test('what keeps a machine out is told in its own words', async () => {
    const refused = (node: string | null = null): Promise<unknown> =>
      connected(2, node).catch((error: unknown) => error);
    expect(await refused('/opt/node/bin/node')).toMatchObject({
      code: 'HOST_NODE',
      message: expect.stringContaining('at /opt/node/bin/node, got none'),
    });
    await machines.at(2, 'printf "#!/bin/sh\\necho v18.1.0\\n" > /opt/old; chmod +x /opt/old');
    expect(await refused('/opt/old')).toMatchObject({
      message: expect.stringContaining('expected node 20.19 or later at /opt/old, got v18.1.0'),
    });
    await machines.at(2, 'rm -rf ~/.cache/busbench; dd if=/dev/zero of=/full bs=1M || true');
    expect(await refused()).toMatchObject({
      code: 'HOST_NOT_STARTED',
      message: expect.stringContaining('No space left on device'),
    });
    expect(await machines.at(2, 'rm /full; ls -A ~/.cache/busbench 2>/dev/null; true')).toBe('');
    await machines.at(
      2,
      'mv ~/.ssh/authorized_keys ~/.ssh/kept; (sleep 4; mv ~/.ssh/kept ~/.ssh/authorized_keys) >/dev/null 2>&1 &',
    );
    expect(await refused()).toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringContaining('Permission denied'),
      hint: expect.stringContaining('ssh-copy-id h2'),
    });
    await machines.here("sed -i.kept '/^h2,/d' ~/.ssh/known_hosts");
    expect(await refused()).toMatchObject({
      message: expect.stringContaining('Host key verification failed'),
      hint: expect.stringContaining('ssh-keyscan h2'),
    });
    await machines.here("sed -i 's/^h1,[^ ]* \\(.*\\)/&\\nh2 \\1/' ~/.ssh/known_hosts");
    expect(await refused()).toMatchObject({ hint: expect.stringContaining('ssh-keygen -R h2') });
    await machines.here('cp ~/.ssh/known_hosts.kept ~/.ssh/known_hosts; ip link set v2 down');
    expect(await refused()).toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: expect.stringMatching(/No route to host|timed out/),
    });
    await machines.here('ip link set v2 up');
  }, 90_000);

  test('a login shell that talks does not disturb', async () => {
    await machines.at(2, 'echo "echo welcome to h2" > ~/.bashrc');
    const { host, dispose } = await connected(2);
    expect(await host.get('/etc/hostname')).toBeInstanceOf(Buffer);
    await dispose();
  });
});

async function connected(
  machine: number,
  node: string | null = null,
): Promise<{
  readonly host: Host;
  readonly connection: Connection;
  dispose(): Promise<void>;
}> {
  const logs = await mkdtemp(join(tmpdir(), 'busbench-ssh-'));
  const name = `h${machine}`;
  const target = { ssh: name, options: [], node };
  const remove = (): Promise<void> => rm(logs, { recursive: true, force: true });
  const connection = await connectMachine(name, target, { runId: 'test', logs }, never).catch(
    async (error: unknown) => {
      await remove();
      throw error;
    },
  );
  const { session, facts } = connection;
  const address = `10.98.0.${machine}`;
  const host = await remoteHost({ name, site: name, address }, session, facts);
  const dispose = async (): Promise<void> => {
    await connection[Symbol.asyncDispose]();
    await remove();
  };
  return { host, connection, dispose };
}
