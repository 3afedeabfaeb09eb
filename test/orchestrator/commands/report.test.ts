import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecord } from '../../../reports/read.ts';
import { renderers } from '../../../reports/renderers/registry.ts';
import { writeRecord } from '../../../reports/write.ts';
import { quietProgram } from '../../helpers/command-line.ts';
import { makeRecord } from '../../helpers/record/record.ts';

let place = '';
let result = '';

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'busbench-report-'));
  result = join(place, 'result');
  await writeRecord(result, makeRecord(), '');
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

async function report(...args: string[]): Promise<void> {
  await quietProgram().parseAsync(['report', ...args], { from: 'user' });
}

describe('busbench report', () => {
  it('makes the page of the run again, byte for byte, from the files alone', async () => {
    const file = join(place, 'again.html');
    await report(result, '--format', 'html', '-o', file);
    expect(await readFile(file, 'utf8')).toBe(await readFile(join(result, 'report.html'), 'utf8'));
  });

  it('writes several formats of several results into a directory', async () => {
    const directory = join(place, 'all');
    await report(
      result,
      join(result, 'result.json'),
      '--format',
      Object.keys(renderers).join(','),
      '-o',
      directory,
    );
    expect((await readdir(directory)).sort()).toEqual([
      ...['report.csv', 'report.hlog', 'report.html', 'report.influx'],
      ...['report.json', 'report.md', 'report.openmetrics', 'report.txt', 'report.xml'],
    ]);
    const record = await readRecord(result);
    expect(JSON.parse(await readFile(join(directory, 'report.json'), 'utf8'))).toEqual([
      record.result,
      record.result,
    ]);
  });

  it('refuses several formats without a place, unknown ones, and input that is no result', async () => {
    await expect(report(result, '--format', 'text,csv')).rejects.toMatchObject({
      kind: 'usage',
      code: 'REPORT_NEEDS_OUTPUT',
    });
    await expect(report(result, '--format', 'pdf')).rejects.toThrow(/got pdf/);
    await expect(report(result, '--table', 'links')).rejects.toMatchObject({
      kind: 'usage',
      code: 'REPORT_TABLE_OF_CSV',
    });
    await expect(report(result, '--format', 'csv', '--table', 'pairs')).rejects.toThrow(
      /got pairs/,
    );
    await expect(report(join(place, 'nowhere'))).rejects.toMatchObject({
      kind: 'usage',
      code: 'RESULT_NOT_FOUND',
    });
    const foreign = join(place, 'foreign.json');
    await writeFile(foreign, '{"schema":"k6"}');
    await expect(report(foreign)).rejects.toMatchObject({ kind: 'usage', code: 'RESULT_FOREIGN' });
  });
});
