import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../orchestrator/sweep/journal.ts';
import type { PointEntry, PointStatus } from '../../../reports/sweep/sweep.ts';

let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'busbench-journal-'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

function entry(
  id: string,
  status: PointStatus = 'ok',
  startedAt = '2026-01-02T03:04:05Z',
): PointEntry {
  const directory = status === 'skipped' ? null : join('points', id);
  return {
    id,
    settings: {},
    repetition: 1,
    status,
    reason: null,
    directory,
    logs: null,
    startedAt,
    durationMs: 1,
  };
}

/** As a measured point leaves it. */
async function finish(journal: Journal, finished: PointEntry): Promise<void> {
  if (finished.directory !== null) {
    mkdirSync(journal.runningDirectory(finished.id));
    writeFileSync(join(journal.runningDirectory(finished.id), 'result.json'), finished.startedAt);
  }
  await journal.finish(finished);
}

describe('a journal', () => {
  it('remembers what was finished, and forgets what was half done', async () => {
    {
      await using journal = await Journal.open(place);
      await finish(journal, entry('a'));
      mkdirSync(journal.runningDirectory('b'));
      expect(journal.entry('a')?.status).toBe('ok');
    }
    await using journal = await Journal.open(place);
    expect(journal.entry('a')).toEqual(entry('a'));
    expect(journal.entry('b')).toBeNull();
    expect(existsSync(journal.runningDirectory('b'))).toBe(false);
  });

  it('cuts off a torn last line, wherever it is torn', async () => {
    {
      await using journal = await Journal.open(place);
      await finish(journal, entry('a'));
    }
    const line = JSON.stringify(entry('é', 'skipped'));
    const bytes = Buffer.from(line);
    for (const length of [1, bytes.indexOf(0xc3) + 1, bytes.length]) {
      appendFileSync(join(place, 'index.jsonl'), bytes.subarray(0, length));
      await using journal = await Journal.open(place);
      expect(journal.entry('é')).toBeNull();
      expect(journal.entry('a')).not.toBeNull();
      expect(readFileSync(join(place, 'index.jsonl'), 'utf8')).toBe(
        `${JSON.stringify(entry('a'))}\n`,
      );
    }
  });

  it('lists a point whose rename came before a kill and whose line did not', async () => {
    {
      await using journal = await Journal.open(place);
      await finish(journal, entry('a'));
      await finish(journal, entry('b'));
    }
    const index = join(place, 'index.jsonl');
    const [first] = readFileSync(index, 'utf8').split('\n');
    writeFileSync(index, `${first}\n`);
    await using journal = await Journal.open(place);
    expect(journal.entry('b')).toEqual(entry('b'));
    expect(readFileSync(index, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('measures again what was killed while it was being replaced, or was removed by hand', async () => {
    {
      await using journal = await Journal.open(place);
      await finish(journal, entry('a', 'failed'));
    }
    renameSync(join(place, 'points', 'a'), join(place, 'a.old'));
    await using journal = await Journal.open(place);
    expect(journal.entry('a')).toBeNull();
  });

  it('replaces a retried point, directory and line', async () => {
    {
      await using journal = await Journal.open(place);
      await finish(journal, entry('a', 'failed'));
      await finish(journal, entry('a', 'ok', '2026-05-05T05:05:05Z'));
    }
    await using journal = await Journal.open(place);
    expect(journal.entry('a')?.status).toBe('ok');
    expect(readFileSync(join(place, 'points', 'a', 'result.json'), 'utf8')).toBe(
      '2026-05-05T05:05:05Z',
    );
    expect(existsSync(`${journal.runningDirectory('a')}.old`)).toBe(false);
  });

  it('lets no second sweep in, and the next one once the first is over', async () => {
    {
      await using _journal = await Journal.open(place);
      await expect(Journal.open(place)).rejects.toMatchObject({ code: 'SWEEP_LOCKED' });
      await expect(Journal.open(join(place, '.'))).rejects.toMatchObject({ code: 'SWEEP_LOCKED' });
    }
    await using journal = await Journal.open(place);
    expect(journal.entry('a')).toBeNull();
  });

  it('touches no directory that holds something else, nor an index it cannot read', async () => {
    writeFileSync(join(place, 'thesis.tex'), '');
    await expect(Journal.open(place)).rejects.toMatchObject({ code: 'OUTPUT_UNUSABLE' });
    await rm(join(place, 'thesis.tex'));
    writeFileSync(join(place, 'index.jsonl'), '{"not":"ours"}\n');
    await expect(Journal.open(place)).rejects.toMatchObject({ code: 'SWEEP_INDEX' });
    // Neither refusal keeps the lock.
    await rm(join(place, 'index.jsonl'));
    await using journal = await Journal.open(place);
    expect(journal.directory).toBe(place);
  });
});
