import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecord } from '../../reports/read.ts';
import { renderers } from '../../reports/renderers/registry.ts';
import type { FormatName, TableName } from '../../reports/renderers/renderer.ts';
import { sweepReports } from '../../reports/sweep/formats.ts';
import { readSweep } from '../../reports/sweep/read.ts';
import { planFile } from '../../reports/sweep/sweep.ts';
import { makeDirectory, writeWhole } from '../../reports/write.ts';
import { UsageError } from '../errors.ts';
import { print } from './streams.ts';
import { terminalOptions } from './terminal.ts';

export interface ReportFlags {
  readonly format: readonly FormatName[];
  readonly output?: string;
  readonly table?: TableName;
}

/** `busbench report`: make any report again from result files. */
export async function reportCommand(results: readonly string[], flags: ReportFlags): Promise<void> {
  const [only, ...others] = flags.format;
  if (others.length > 0 && flags.output === undefined) {
    throw new UsageError(
      'REPORT_NEEDS_OUTPUT',
      `${flags.format.length} formats on one stdout: expected one format, or a directory for several.`,
      'Name a directory with -o.',
    );
  }
  if (flags.table !== undefined && (only !== 'csv' || others.length > 0)) {
    throw new UsageError(
      'REPORT_TABLE_OF_CSV',
      `--table ${flags.table} with ${flags.format.join(', ')}: expected --format csv alone`,
      'Add --format csv.',
    );
  }
  const [place] = results;
  if (results.length === 1 && place !== undefined && (await isSweep(place))) {
    if (flags.table !== undefined) throw tableOfSweep(flags.table);
    await reportSweep(place, flags);
    return;
  }
  const records = await Promise.all(results.map(readRecord));
  const [path] = results;
  const named = {
    ...(results.length === 1 && path !== undefined && { directory: path }),
    ...(flags.table !== undefined && { table: flags.table }),
  };
  if (flags.output === undefined && only !== undefined) {
    const renderer = await renderers[only]();
    print(renderer.render(records, { ...named, ...terminalOptions() }));
    return;
  }
  const output = flags.output ?? '.';
  const several = others.length > 0 || (await isDirectory(output));
  if (several) await makeDirectory(output);
  for (const format of flags.format) {
    const renderer = await renderers[format]();
    const file = several ? join(output, `report.${renderer.extension}`) : output;
    await writeWhole(file, renderer.render(records, named));
  }
}

function tableOfSweep(table: TableName): UsageError {
  return new UsageError(
    'REPORT_NOT_OF_CAMPAIGN',
    `there is no table of ${table} of a sweep: its points.csv has a row a point`,
    'Name the directories of its points for the tables of runs.',
  );
}

async function isSweep(path: string): Promise<boolean> {
  const found = await stat(join(path, planFile)).catch(() => null);
  return found?.isFile() ?? false;
}

/** The reports that a sweep leaves, made again; a terminal gets the tables of the Markdown one. */
async function reportSweep(directory: string, flags: ReportFlags): Promise<void> {
  const sweep = await readSweep(directory);
  for (const format of flags.format) {
    const make = sweepReports[format];
    if (!make) {
      throw new UsageError(
        'REPORT_NOT_OF_CAMPAIGN',
        `there is no ${format} report of a sweep: expected ${Object.keys(sweepReports).join(', ')}`,
        'Name the directories of its points for the others.',
      );
    }
    const text = await make(sweep);
    if (flags.output === undefined) print(text);
    else {
      const several = flags.format.length > 1 || (await isDirectory(flags.output));
      if (several) await makeDirectory(flags.output);
      const extension = (await renderers[format]()).extension;
      await writeWhole(several ? join(flags.output, `report.${extension}`) : flags.output, text);
    }
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() ?? false;
}
