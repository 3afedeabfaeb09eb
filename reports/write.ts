import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCsv } from './csv-table.ts';
import { ResultError } from './errors.ts';
import { writeIntervalLog } from './reconcile/interval-log.ts';
import { measuringSince } from './reconcile/workload.ts';
import type { IntervalRow, PeerRecord, RunRecord } from './record.ts';
import { jsonRenderer } from './renderers/json.ts';

/** Columns of `intervals.csv`, in order. */
export const intervalColumns: readonly (keyof IntervalRow)[] = [
  'second',
  'site',
  'due',
  'done',
  'failed',
  'responseP50Us',
  'responseP99Us',
  'responseMaxUs',
  'serviceP99Us',
];

/** Columns of `peers.csv`, in order. */
export const peerColumns: readonly (keyof PeerRecord)[] = [
  'peer',
  'role',
  'site',
  'topic',
  'due',
  'completed',
  'failed',
  'responseP50Us',
  'responseP99Us',
  'delivered',
];

/**
 * Makes a result directory of a record; every file appears whole by a rename, `result.json` after all it goes with,
 * so a directory that has one is complete but for `report.html`, which can be made again. Throws ResultError when the disk is full or the place cannot be written.
 */
export async function writeRecord(
  directory: string,
  record: RunRecord,
  scenarioYaml: string,
): Promise<void> {
  const { result, intervals, peers, histograms } = record;
  const files: readonly (readonly [name: string, text: () => string])[] = [
    ['scenario.yaml', () => scenarioYaml],
    ['intervals.csv', () => tableOf(intervalColumns, intervals)],
    ['peers.csv', () => tableOf(peerColumns, peers)],
    ['histograms.hlog', () => writeIntervalLog(result.name, measuringSince(result), histograms)],
    ['result.json', () => jsonRenderer.render([record])],
  ];
  await makeDirectory(directory);
  for (const [name, text] of files) await writeWhole(join(directory, name), text());
  // Only after the numbers are safe, and the chart library loaded only by those who draw.
  const { htmlRenderer } = await import('./renderers/html.ts');
  await writeWhole(join(directory, 'report.html'), htmlRenderer.render([record]));
}

/** Writes a file so that it is either there in full or not at all. Throws ResultError. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    const file = await open(partial, 'w');
    try {
      await file.writeFile(text);
      // A full disk may show only when blocks are allocated: before the rename, not after it.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {});
    throw cannotWrite(path, cause);
  }
}

/** A directory and those above it. Throws ResultError when something is in the way or may not be written. */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw cannotWrite(directory, cause);
  }
}

function tableOf<Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string {
  return writeCsv(
    columns,
    rows.map((row) => columns.map((column) => row[column] as string | number | null)),
  );
}

function cannotWrite(path: string, cause: unknown): ResultError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  const options = { cause };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new ResultError(
        'RESULT_DISK_FULL',
        `Cannot write ${path}: expected room on the disk, got ${code}.`,
        'Free some space or choose another place with -o; what was written before is kept.',
        options,
      );
    case 'EEXIST':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new ResultError(
        'RESULT_PLACE_TAKEN',
        `Cannot write ${path}: something of another kind is in the way (${code}).`,
        'Move it away or choose another place with -o.',
        options,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ResultError(
        'RESULT_NOT_WRITABLE',
        `Cannot write ${path}: expected a writable place, got ${code}.`,
        'Change its permissions or choose another place with -o.',
        options,
      );
    default:
      return new ResultError(
        'RESULT_WRITE_FAILED',
        `Cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
        'Choose another place with -o.',
        options,
      );
  }
}
