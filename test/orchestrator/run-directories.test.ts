import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimDirectory, newOwner } from '../../orchestrator/processes/owner.ts';
import { makeContext } from '../../orchestrator/run-directories.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'busbench-output-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('the scratch directory of a killed run goes with the next run, those of the living stay', async () => {
  const logs = await folder();
  const orphan = await folder();
  const living = await folder();
  // No process has both this pid and this start time.
  claimDirectory(orphan, { ...newOwner('dead'), startedTicks: '1' });
  claimDirectory(living, newOwner('alive'));
  await mkdir(join(orphan, 'bus-1'));
  await using _ = await makeContext(logs);
  expect(existsSync(orphan)).toBe(false);
  expect(existsSync(living)).toBe(true);
});

test('a scratch directory goes at the end, unless it is to be kept: then no later run takes it', async () => {
  const logs = await folder();
  const gone = await makeContext(logs);
  await gone[Symbol.asyncDispose]();
  expect(existsSync(gone.scratch)).toBe(false);
  const kept = await makeContext(logs, true);
  onTestFinished(() => rm(kept.scratch, { recursive: true, force: true }));
  await writeFile(join(kept.scratch, 'broker.conf'), '');
  await kept[Symbol.asyncDispose]();
  expect(existsSync(join(kept.scratch, 'broker.conf'))).toBe(true);
  expect(existsSync(join(kept.scratch, '.owner'))).toBe(false);
});
