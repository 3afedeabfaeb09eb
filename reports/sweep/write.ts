import { join } from 'node:path';
import { writeWhole } from '../write.ts';
import { sweepMarkdown } from './markdown.ts';
import { pointsCsv } from './points-csv.ts';
import { readSweep } from './read.ts';
import type { Sweep } from './sweep.ts';

/** Makes every report of a sweep from the files of its directory. Throws ResultError, ResultInputError. */
export async function writeSweep(directory: string): Promise<Sweep> {
  const sweep = await readSweep(directory);
  await writeWhole(join(directory, 'points.csv'), pointsCsv(sweep));
  await writeWhole(join(directory, 'report.md'), sweepMarkdown(sweep));
  // The chart library is loaded only by those who draw.
  const { sweepHtml } = await import('./html.ts');
  await writeWhole(join(directory, 'report.html'), sweepHtml(sweep));
  return sweep;
}
