import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecord } from '../../../reports/read.ts';
import { writeRecord } from '../../../reports/write.ts';
import { quietProgram } from '../../helpers/command-line.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const refused = { kind: 'usage', code: 'RESULT_INCONSISTENT' };
let place = '';
let honest = '';

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'busbench-consistency-'));
  honest = join(place, 'honest');
  await writeRecord(honest, makeRecord(), '');
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

/** A copy of the honest result with one text in one of its files replaced. */
async function edited(file: string, from: string | RegExp, to: string): Promise<string> {
  const directory = await mkdtemp(join(place, 'edited-'));
  await cp(honest, directory, { recursive: true });
  const path = join(directory, file);
  const text = await readFile(path, 'utf8');
  expect(text.replace(from, to)).not.toBe(text);
  await writeFile(path, text.replace(from, to));
  return directory;
}

async function busbench(...args: string[]): Promise<void> {
  await quietProgram().parseAsync(args, { from: 'user' });
}

describe('a result edited by hand', () => {
  it('is refused by report and compare, with its file', async () => {
    await expect(readRecord(honest)).resolves.toBeDefined();
    const wrong = await edited('result.json', /"completed": \d+/, '"completed": 7');
    const message = expect.stringContaining(join(wrong, 'result.json'));
    await expect(busbench('report', wrong)).rejects.toMatchObject({ ...refused, message });
    const compared = busbench('compare', honest, '--with', wrong);
    await expect(compared).rejects.toMatchObject({ ...refused, message });
  });

  it.each([
    ['result.json', /"p50": \d+/, '"p50": 1'],
    ['intervals.csv', /^3,paris,\d+/m, '3,paris,999'],
    ['peers.csv', /^(client.paris\/1,client,paris,0),\d+,\d+/m, '$1,5,5'],
    ['histograms.hlog', /(Tag=response.lyon,4\.000,1\.000),[\d.]+/, '$1,1.000'],
  ])('is refused in %s', async (file, from, to) => {
    await expect(readRecord(await edited(file, from, to))).rejects.toMatchObject(refused);
  });
});

describe('a point edited by hand', () => {
  /** A sweep of one measured point. */
  async function sweepOf(result: string, status: string): Promise<string> {
    const directory = await mkdtemp(join(place, 'sweep-'));
    await mkdir(join(directory, 'points'));
    await cp(result, join(directory, 'points', 'abc'), { recursive: true });
    const point = { id: 'abc', settings: {}, repetition: 1 };
    const plan = { schema: 'busbench/campaign/1', name: 'edited', scenario: 'three-sites' };
    await writeFile(
      join(directory, 'campaign.json'),
      JSON.stringify({ ...plan, axes: [], points: [point], searches: [] }),
    );
    const times = { logs: null, startedAt: '2026-11-21T09:30:00.000Z', durationMs: 1 };
    const entry = { ...point, status, reason: null, directory: 'points/abc', ...times };
    await writeFile(join(directory, 'index.jsonl'), `${JSON.stringify(entry)}\n`);
    return directory;
  }

  it('is refused by the report of its sweep, with its file, and by its line of the index', async () => {
    const { status } = makeRecord().result.verdict;
    const output = ['-o', join(place, 'report.md'), '--format', 'markdown'];
    await busbench('report', await sweepOf(honest, status), ...output);
    const wrong = await edited('result.json', /"failedTotal": \d+/, '"failedTotal": 7');
    await expect(busbench('report', await sweepOf(wrong, status), ...output)).rejects.toMatchObject(
      {
        ...refused,
        message: expect.stringContaining(join('points', 'abc', 'result.json')),
      },
    );
    const other = busbench('report', await sweepOf(honest, 'invalid'), ...output);
    await expect(other).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(`expected invalid (its line there), got ${status}`),
    });
  });

  it('is refused by a sweep that resumes, before anything is measured', async () => {
    const file = join(place, 'edited.yaml');
    await writeFile(
      file,
      'schema: busbench/sweep/1\nname: edited\nscenario: floor\nmatrix: { seed: [1, 2] }\n',
    );
    const wrong = await edited('result.json', /"failedTotal": \d+/, '"failedTotal": 7');
    const resumed = busbench('sweep', file, '--quiet', '-o', await sweepOf(wrong, 'ok'));
    await expect(resumed).rejects.toMatchObject(refused);
  });
});
