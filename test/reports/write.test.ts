import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecord } from '../../reports/read.ts';
import { writeRecord } from '../../reports/write.ts';
import { makeRecord } from '../helpers/record/record.ts';

const [mount, umount] = ['mount', 'umount'] as const;
const record = makeRecord();
let place = '';

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'busbench-write-'));
});

afterEach(async () => {
  await rm(place, { recursive: true, force: true });
});

describe('a result directory', () => {
  it('has the files and columns of the contract, and no others', async () => {
    const directory = join(place, 'deep', 'result');
    await writeRecord(directory, record, 'name: three-sites\n');
    expect((await readdir(directory)).sort()).toEqual([
      'histograms.hlog',
      'intervals.csv',
      'peers.csv',
      'report.html',
      'result.json',
      'scenario.yaml',
    ]);
    const firstLine = async (name: string): Promise<string | undefined> =>
      (await readFile(join(directory, name), 'utf8')).split('\n')[0];
    expect(await firstLine('intervals.csv')).toBe(
      'second,site,due,done,failed,responseP50Us,responseP99Us,responseMaxUs,serviceP99Us',
    );
    expect(await firstLine('peers.csv')).toBe(
      'peer,role,site,topic,due,completed,failed,responseP50Us,responseP99Us,delivered',
    );
    expect(await firstLine('scenario.yaml')).toBe('name: three-sites');
  });

  it('reads back as it was, from the directory or from its result.json', async () => {
    await writeRecord(place, record, '');
    const expected = {
      ...record,
      // The log is ordered by start; tags that start together keep their order.
      histograms: [...record.histograms].sort((a, b) => a.startSeconds - b.startSeconds),
    };
    expect(await readRecord(place)).toEqual(expected);
    expect(await readRecord(join(place, 'result.json'))).toEqual(expected);
  });

  it('is read from a lone result.json without intervals, peers and histograms', async () => {
    await writeRecord(place, record, '');
    for (const name of ['intervals.csv', 'peers.csv', 'histograms.hlog'])
      await rm(join(place, name));
    expect(await readRecord(place)).toEqual({
      result: record.result,
      intervals: [],
      peers: [],
      histograms: [],
    });
  });
});

describe('writing', () => {
  it('refuses a file where the directory should be', async () => {
    const file = join(place, 'taken');
    await writeFile(file, '');
    await expect(writeRecord(file, record, '')).rejects.toMatchObject({
      kind: 'result',
      code: 'RESULT_PLACE_TAKEN',
      message: expect.stringContaining(file),
    });
  });

  it('refuses a directory where result.json should be, and leaves no half file', async () => {
    await mkdir(join(place, 'result.json'));
    await expect(writeRecord(place, record, '')).rejects.toMatchObject({
      code: 'RESULT_PLACE_TAKEN',
    });
    expect((await readdir(place)).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('refuses a place that cannot be written', async () => {
    await expect(writeRecord('/sys/busbench-test', record, '')).rejects.toMatchObject({
      code: 'RESULT_NOT_WRITABLE',
      hint: expect.stringContaining('-o'),
    });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'says that the disk is full and leaves no result.json behind [needs root for a small tmpfs]',
    async () => {
      execFileSync(mount, ['-t', 'tmpfs', '-o', 'size=32k', 'busbench-test', place]);
      try {
        await expect(writeRecord(place, record, '')).rejects.toMatchObject({
          code: 'RESULT_DISK_FULL',
          message: expect.stringContaining('ENOSPC'),
        });
        const left = await readdir(place);
        expect(left).not.toContain('result.json');
        expect(left.filter((name) => name.endsWith('.partial'))).toEqual([]);
      } finally {
        execFileSync(umount, [place]);
      }
    },
  );
});

describe('reading', () => {
  it.each([
    ['an absent path', async () => 'absent', 'RESULT_NOT_FOUND'],
    ['a directory without a result', async () => '.', 'RESULT_NOT_FOUND'],
    ['a torn document', async () => torn(), 'RESULT_MALFORMED'],
    ['a document of another schema', async () => foreign(), 'RESULT_FOREIGN'],
    ['a torn table', async () => tornTable(), 'RESULT_MALFORMED'],
  ])('refuses %s as bad input', async (_, make, code) => {
    const path = join(place, await make());
    await expect(readRecord(path)).rejects.toMatchObject({ kind: 'usage', code });
  });

  it('names file and line of a torn table', async () => {
    const path = join(place, await tornTable());
    await expect(readRecord(path)).rejects.toThrow(
      /intervals\.csv: line 2: due: expected a number/,
    );
  });

  async function torn(): Promise<string> {
    await writeFile(join(place, 'result.json'), '{"schema": "busbench/res');
    return 'result.json';
  }

  async function foreign(): Promise<string> {
    await writeFile(join(place, 'result.json'), '{"schema": "busbench/result/9"}');
    return '.';
  }

  async function tornTable(): Promise<string> {
    await writeRecord(place, record, '');
    const path = join(place, 'intervals.csv');
    const [header] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${header}\n0,paris,many,1,1,,,,\n`);
    return '.';
  }
});
