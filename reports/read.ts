import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { refuseContradictions } from './consistency/consistency.ts';
import { readCsv } from './csv-table.ts';
import { ResultInputError } from './errors.ts';
import { parseResult } from './parse.ts';
import { readIntervalLog } from './reconcile/interval-log.ts';
import type { IntervalRow, PeerRecord, RunRecord } from './record.ts';
import type { RunResult } from './result.ts';
import { intervalColumns, peerColumns } from './write.ts';

/**
 * Reads a record back from its directory, or from a `result.json` and whatever lies beside it: a lone `result.json`
 * gives a record without intervals, peers and histograms. Throws ResultInputError naming file and line, and
 * RESULT_INCONSISTENT where its numbers contradict each other.
 */
export async function readRecord(directoryOrResultJson: string): Promise<RunRecord> {
  const file = await resultFileOf(directoryOrResultJson);
  const text = await readText(file);
  if (text === null) throw notFound(file);
  const result = parseDocument(file, text);
  const directory = dirname(file);
  const record: RunRecord = {
    result,
    intervals: await readBeside(directory, 'intervals.csv', (csv) =>
      rowsOf(csv, intervalColumns, toInterval),
    ),
    peers: await readBeside(directory, 'peers.csv', (csv) => rowsOf(csv, olderPeerColumns, toPeer)),
    histograms: await readBeside(directory, 'histograms.hlog', readIntervalLog),
  };
  refuseContradictions(record, file);
  return record;
}

/** A `result.json` without what lies beside it; null where there is none. Throws as `readRecord` does. */
export async function readResult(file: string): Promise<RunResult | null> {
  const text = await readText(file);
  if (text === null) return null;
  const result = parseDocument(file, text);
  refuseContradictions({ result, intervals: [], peers: [], histograms: [] }, file);
  return result;
}

async function resultFileOf(path: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? join(path, 'result.json') : path;
  } catch (cause) {
    throw notFound(path, cause);
  }
}

function notFound(path: string, cause?: unknown): ResultInputError {
  return new ResultInputError(
    'RESULT_NOT_FOUND',
    `No result at ${path}: expected a result directory or its result.json.`,
    'A run prints where its result lives; `busbench run -o DIR` chooses the place.',
    { cause },
  );
}

/** Null when the file does not exist. */
async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new ResultInputError(
      'RESULT_UNREADABLE',
      `Cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Check its permissions.',
      { cause },
    );
  }
}

/** The text of a `result.json`, unchecked against itself. Throws ResultInputError naming the file. */
function parseDocument(file: string, text: string): RunResult {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new ResultInputError(
      'RESULT_MALFORMED',
      `${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      'It was cut short or edited; measure again, or fetch it again from where it was made.',
      { cause },
    );
  }
  try {
    return parseResult(document);
  } catch (cause) {
    if (!(cause instanceof ResultInputError)) throw cause;
    throw new ResultInputError(cause.code, `${file}: ${cause.message}`, cause.hint, { cause });
  }
}

async function readBeside<T>(
  directory: string,
  name: string,
  parse: (text: string) => T[],
): Promise<T[]> {
  const path = join(directory, name);
  const text = await readText(path);
  if (text === null) return [];
  try {
    return parse(text);
  } catch (cause) {
    throw new ResultInputError(
      'RESULT_MALFORMED',
      `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Restore the file, or remove it: the report is then made without it.',
      { cause },
    );
  }
}

const olderPeerColumns = peerColumns.filter((column) => column !== 'delivered');

type Cells = ReadonlyMap<string, string>;

function rowsOf<T>(csv: string, columns: readonly string[], make: (cells: Cells) => T): T[] {
  const [header = [], ...rows] = readCsv(csv);
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new Error(`line 1: expected the columns ${missing.join(', ')}`);
  return rows.map((row, index) => {
    try {
      return make(new Map(header.map((column, at) => [column, row[at] ?? ''])));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`line ${index + 2}: ${reason}`, { cause });
    }
  });
}

function toInterval(cells: Cells): IntervalRow {
  return {
    second: numberIn(cells, 'second'),
    site: cells.get('site') ?? '',
    due: numberIn(cells, 'due'),
    done: numberIn(cells, 'done'),
    failed: numberIn(cells, 'failed'),
    responseP50Us: numberOrNull(cells, 'responseP50Us'),
    responseP99Us: numberOrNull(cells, 'responseP99Us'),
    responseMaxUs: numberOrNull(cells, 'responseMaxUs'),
    serviceP99Us: numberOrNull(cells, 'serviceP99Us'),
  };
}

function toPeer(cells: Cells): PeerRecord {
  const role = cells.get('role');
  if (role !== 'client' && role !== 'server') {
    throw new Error(`role: expected client or server, got "${role ?? ''}"`);
  }
  // Older results give the deliveries of servers as due, completed and 0 failed.
  const isOlder = role === 'server' && !cells.has('delivered');
  const ofClient = (column: string): number | null =>
    role === 'client' ? numberIn(cells, column) : null;
  return {
    peer: cells.get('peer') ?? '',
    role,
    site: cells.get('site') ?? '',
    topic: numberIn(cells, 'topic'),
    due: ofClient('due'),
    completed: ofClient('completed'),
    failed: ofClient('failed'),
    responseP50Us: numberOrNull(cells, 'responseP50Us'),
    responseP99Us: numberOrNull(cells, 'responseP99Us'),
    delivered: role === 'client' ? null : numberIn(cells, isOlder ? 'due' : 'delivered'),
  };
}

function numberIn(cells: Cells, column: string): number {
  const value = numberOrNull(cells, column);
  if (value === null) throw new Error(`${column}: expected a number, got nothing`);
  return value;
}

function numberOrNull(cells: Cells, column: string): number | null {
  const cell = cells.get(column) ?? '';
  if (cell === '') return null;
  const value = Number(cell);
  if (Number.isNaN(value)) throw new Error(`${column}: expected a number, got "${cell}"`);
  return value;
}
