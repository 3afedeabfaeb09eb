import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeTarball } from '../../../orchestrator/commands/backup.ts';

test('a log that grows meanwhile is saved too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'busbench-backup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const state = join(folder, 'state');
  execFileSync('mkdir', [state]);
  await writeFile(join(state, 'result.json'), '{}');
  const file = join(state, 'bus.log');
  await writeFile(file, Buffer.alloc(32 * 2 ** 20, 'a line\n'));
  const log = createWriteStream(file, { flags: 'a' });
  let growing = true;
  const grow = (): void => {
    if (growing) log.write('a line\n', () => setImmediate(grow));
    else log.end();
  };
  grow();
  const output = join(folder, 'backup.tar.gz');
  await writeTarball(state, output);
  growing = false;
  const listed = execFileSync('tar', ['-tzvf', output], { encoding: 'utf8' });
  expect(listed).toMatch(/ state\/result\.json$/m);
  expect(listed).toMatch(/ \d{6,} .* state\/bus\.log$/m);
});

test('what cannot be archived is an error with the words of tar', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'busbench-backup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const output = join(folder, 'backup.tar.gz');
  await expect(writeTarball(join(folder, 'nothing'), output)).rejects.toThrow(/nothing.*No such/);
  expect((await stat(folder)).isDirectory()).toBe(true);
});
