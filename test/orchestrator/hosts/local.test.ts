import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { localHost } from '../../../orchestrator/hosts/local.ts';
import { programPath } from '../../../orchestrator/processes/program.ts';
import { defined, eventually, hostContract } from '../../contract/host.ts';

hostContract('local', async () => {
  const base = await mkdtemp(join(tmpdir(), 'busbench-local-'));
  const directory = join(base, 'paris');
  const host = await localHost({ name: 'paris', site: 'paris', address: '127.0.0.1', directory });
  return { host, dispose: () => rm(base, { recursive: true, force: true }) };
});

test('kill -9 of us leaves nothing, paused processes included', async () => {
  const base = await mkdtemp(join(tmpdir(), 'busbench-local-'));
  const file = JSON.stringify(`${programPath('orchestrator/hosts/local')}`);
  const parent = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { localHost } from ${file};
      const directory = ${JSON.stringify(base)};
      const host = await localHost({ name: 'h', site: 'h', address: '127.0.0.1', directory });
      const start = (script, stdio) =>
        host.spawn(['/bin/sh', '-c', script], { stdio, logFile: directory + '/log' });
      const gone = await start('exit 0', 'log');
      await gone.exited;
      const plain = await start('sleep 300 & wait', 'log');
      const paused = await start('sleep 300', 'log');
      await paused.signal('SIGSTOP');
      const piped = await start('trap "" TERM HUP PIPE; while :; do sleep 1; done', 'pipe');
      console.log(JSON.stringify([plain.pid, paused.pid, piped.pid]));`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(createInterface({ input: defined(parent.stdout) }), 'line');
  const pids: number[] = JSON.parse(line);
  expect(pids).toHaveLength(3);
  expect(pids.every((pid) => groupLives(pid))).toBe(true);
  parent.kill('SIGKILL');
  await eventually(() => pids.every((pid) => !groupLives(pid)));
  await rm(base, { recursive: true, force: true });
});

function groupLives(pgid: number): boolean {
  try {
    process.kill(-pgid, 0);
    return true;
  } catch {
    return false;
  }
}
