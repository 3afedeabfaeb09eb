import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HostError } from '../../orchestrator/errors.ts';
import type { Host, HostProcess, SpawnOptions } from '../../orchestrator/hosts/host.ts';

/** What every Host promises; `makeHost` gives one whose processes run on a machine with a POSIX shell. */
export function hostContract(
  name: string,
  makeHost: () => Promise<{ readonly host: Host; dispose(): Promise<void> }>,
): void {
  describe(`host contract: ${name}`, () => {
    let host: Host;
    let dispose: () => Promise<void>;
    let logs: string;

    beforeAll(async () => {
      ({ host, dispose } = await makeHost());
      logs = await mkdtemp(join(tmpdir(), 'busbench-host-'));
    });
    afterAll(async () => {
      await dispose?.();
      await rm(logs, { recursive: true, force: true });
    });

    const options = (stdio: SpawnOptions['stdio'], log = 'test.log'): SpawnOptions => ({
      stdio,
      logFile: join(logs, log),
    });
    const shell = (script: string, stdio: SpawnOptions['stdio'] = 'log'): Promise<HostProcess> =>
      host.spawn(['/bin/sh', '-c', script], options(stdio));

    test('a pipe carries lines both ways, stderr goes to the log', async () => {
      const child = await host.spawn(
        ['/bin/sh', '-c', 'echo noise >&2; read -r line; echo "heard $line"'],
        options('pipe', 'pipe.log'),
      );
      child.stdin?.write('hello\n');
      const [line] = await once(createInterface({ input: defined(child.stdout) }), 'line');
      expect(line).toBe('heard hello');
      expect(await child.exited).toEqual({ code: 0, signal: null });
      expect(await readFile(join(logs, 'pipe.log'), 'utf8')).toBe('noise\n');
    });

    test('without a pipe both outputs go to the log, appended, and stdin is empty', async () => {
      for (let i = 0; i < 2; i++) {
        const child = await host.spawn(
          ['/bin/sh', '-c', 'read -r line; echo "out $?"; echo err >&2; exit 3'],
          options('log', 'both.log'),
        );
        expect(child.stdin).toBeNull();
        expect(child.stdout).toBeNull();
        expect(await child.exited).toEqual({ code: 3, signal: null });
      }
      expect(await readFile(join(logs, 'both.log'), 'utf8')).toBe('out 1\nerr\nout 1\nerr\n');
    });

    test('the environment is minimal, with what was added', async () => {
      process.env['BUSBENCH_TEST_SECRET'] = 'leaked';
      const output = await host.run(['/usr/bin/env'], {
        ...options('pipe'),
        env: { ADDED: 'yes' },
        timeoutMs: 10_000,
      });
      delete process.env['BUSBENCH_TEST_SECRET'];
      expect(output).toContain('ADDED=yes');
      expect(output).toMatch(/^PATH=/m);
      expect(output).toMatch(/^HOME=/m);
      expect(output).not.toContain('leaked');
    });

    test('a missing program is a HostError that names it', async () => {
      const starting = host.spawn(['/nowhere/no-such-program'], options('log'));
      await expect(starting).rejects.toThrow(HostError);
      await expect(starting).rejects.toThrow('/nowhere/no-such-program');
    });

    test('run returns stdout, and quotes stderr of a failure', async () => {
      const run = (script: string, timeoutMs: number): Promise<string> =>
        host.run(['/bin/sh', '-c', script], { ...options('pipe'), timeoutMs });
      expect(await run('echo fine', 10_000)).toBe('fine\n');
      await expect(run('echo broken pump >&2; exit 4', 10_000)).rejects.toThrow(
        /exit code 4:\nbroken pump/,
      );
      await expect(run('sleep 30', 200)).rejects.toMatchObject({ code: 'HOST_COMMAND_TIMEOUT' });
    });

    test('a program of ours runs by the node of that host, which takes the flags', async () => {
      const say = async (command: readonly string[]): Promise<string> =>
        (await host.run(command, { ...options('pipe'), timeoutMs: 30_000 })).trim();
      const echo = 'orchestrator/fabrics/echo-main';
      // Without stdin it has nobody to work for, and ends.
      expect(await say(host.program(echo))).toBe('');
      expect(await say(host.program(echo, '--version'))).toMatch(/^v\d+\./);
    });

    test('signals reach the whole group, and its leader takes the group with it', async () => {
      const child = await shell('sleep 300 & echo $!; wait', 'pipe');
      const [line] = await once(createInterface({ input: defined(child.stdout) }), 'line');
      const grandchild = Number(line);
      await child.signal('SIGSTOP');
      await eventually(async () => /T/.test(await stateOf(host, grandchild, logs)));
      await child.signal('SIGCONT');
      await eventually(async () => /S/.test(await stateOf(host, grandchild, logs)));
      await child.signal('SIGTERM');
      expect((await child.exited).signal).toBe('SIGTERM');
      await eventually(async () => (await stateOf(host, grandchild, logs)) === '');
      await child.signal('SIGKILL');
    });

    test('what a finished leader left in its group dies too', async () => {
      const child = await shell('sleep 300 >/dev/null & echo $!', 'pipe');
      const [line] = await once(createInterface({ input: defined(child.stdout) }), 'line');
      await child.exited;
      await eventually(async () => (await stateOf(host, Number(line), logs)) === '');
    });

    test('end asks first, insists after the grace, and wakes a paused process', async () => {
      const polite = await shell('trap "exit 7" TERM; while :; do sleep 0.05; done');
      await sleep(200);
      await polite.signal('SIGSTOP');
      expect(await polite.end(10_000)).toEqual({ code: 7, signal: null });
      const stubborn = await shell('trap "" TERM; while :; do sleep 0.05; done');
      await sleep(200);
      expect(await stubborn.end(300)).toEqual({ code: null, signal: 'SIGKILL' });
      expect(await stubborn.end(300)).toEqual({ code: null, signal: 'SIGKILL' });
    });

    test('put writes privately below the directory and get reads it back', async () => {
      const content = Buffer.from([0, 1, 2, 255]);
      const path = await host.put('deep/file.bin', content);
      expect(path.startsWith(host.directory)).toBe(true);
      expect(await host.get(path)).toEqual(content);
      const mode = await host.run(['/bin/ls', '-l', path], {
        ...options('pipe'),
        timeoutMs: 10_000,
      });
      expect(mode.startsWith('-rw-------')).toBe(true);
      await expect(host.put('../outside', 'x')).rejects.toMatchObject({
        code: 'HOST_PATH_OUTSIDE',
      });
    });

    test.skipIf(process.platform !== 'linux')(
      'sample counts CPU and memory of the whole tree, ended children included',
      async () => {
        const burn = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done';
        const child = await shell(`(${burn}); (${burn}; sleep 300) & ${burn}; wait`);
        await eventually(async () => ((await host.sample([child.pid]))[0]?.cpuSeconds ?? 0) > 0.2);
        const alone = (await host.sample([child.pid]))[0]?.rssBytes ?? 0;
        expect(alone).toBeGreaterThan(1_000_000);
        await child.signal('SIGKILL');
        await child.exited;
        expect(await host.sample([child.pid])).toEqual([null]);
      },
    );

    test.skipIf(process.platform !== 'linux')('sample counts open sockets', async () => {
      const script = `const s = require('node:net').createServer().listen(0, '127.0.0.1', () => {
        for (let i = 0; i < 10; i++) require('node:net').connect(s.address().port, '127.0.0.1');
      });`;
      const child = await host.spawn([process.execPath, '-e', script], options('log'));
      // A listener, ten clients, ten accepted.
      await eventually(async () => ((await host.sample([child.pid]))[0]?.sockets ?? 0) >= 21);
      await child.end(5_000);
    });

    test('the host has a private directory', async () => {
      const listed = await host.run(['/bin/ls', '-ld', host.directory], {
        ...options('pipe'),
        timeoutMs: 10_000,
      });
      expect(listed.startsWith('drwx------')).toBe(true);
    });
  });
}

/** State letter of a process on that host by ps; empty when it is gone or a zombie. */
async function stateOf(host: Host, pid: number, logs: string): Promise<string> {
  const state = await host
    .run(['/bin/sh', '-c', `ps -o stat= -p ${pid}`], {
      stdio: 'pipe',
      logFile: join(logs, 'ps.log'),
      timeoutMs: 10_000,
    })
    .catch(() => '');
  return state.startsWith('Z') ? '' : state.trim();
}

export async function eventually(
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`not so within ${timeoutMs} ms: ${condition}`);
    await sleep(20);
  }
}

export function defined<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('expected a value');
  return value;
}
