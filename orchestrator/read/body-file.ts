import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readCsv } from '../../reports/csv-table.ts';
import { maxBodyBytes, minBodyBytes } from '../../topologies/workload.ts';

/** Rows of a body distribution, or what is wrong with the file. */
type BodyRows =
  | { readonly rows: readonly (readonly [bytes: number, weight: number])[] }
  | { readonly problem: string };

const maxFileBytes = 1024 * 1024;
const maxRows = 10_000;

/**
 * The document with the rows of its body's distribution file beside the file's name, or what is wrong with that file;
 * some row then stands in for its own.
 */
export async function withBodyRows(
  document: unknown,
  scenarioFile: string,
): Promise<{ readonly value: unknown; readonly problem: string | null }> {
  const body = at(at(document, 'workload'), 'body');
  const file = at(body, 'file');
  if (typeof file !== 'string' || file === '' || at(body, 'rows') !== undefined) {
    return { value: document, problem: null };
  }
  const outcome = await readBodyFile(file, scenarioFile);
  const isRead = 'rows' in outcome;
  const value = structuredClone(document);
  const copy = at(at(value, 'workload'), 'body');
  Object.assign(copy ?? {}, { rows: isRead ? outcome.rows : [[minBodyBytes, 1]] });
  return { value, problem: isRead ? null : outcome.problem };
}

function at(container: unknown, key: string): unknown {
  return typeof container === 'object' && container !== null && Object.hasOwn(container, key)
    ? (container as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** Reads `bytes,weight` rows as RFC 4180 has them; a first line of those two words and `#` comments are allowed. Never throws. */
async function readBodyFile(file: string, scenarioFile: string): Promise<BodyRows> {
  let content: Buffer;
  try {
    const path = resolve(dirname(scenarioFile), file);
    const { size: bytes } = await stat(path);
    if (bytes > maxFileBytes) {
      return { problem: `${file} has ${bytes} bytes; expected at most ${maxFileBytes}` };
    }
    content = await readFile(path);
  } catch (error) {
    return { problem: `cannot read ${file}: ${error instanceof Error ? error.message : error}` };
  }
  if (hasUtf16Mark(content)) return { problem: `${file}: expected UTF-8; got UTF-16` };
  return parseRows(content.toString('utf8').replace(/^\uFEFF/, ''), file);
}

function parseRows(text: string, file: string): BodyRows {
  let table: readonly (readonly string[])[];
  try {
    // A comment leaves an empty line, so that the others keep their numbers.
    table = readCsv(text.replaceAll(/^[ \t]*#.*$/gm, ''));
  } catch (error) {
    return { problem: `${file}: ${error instanceof Error ? error.message : error}` };
  }
  const rows: (readonly [number, number])[] = [];
  const problems: string[] = [];
  for (const [i, raw] of table.entries()) {
    const cells = raw.map((cell) => cell.trim());
    const isTitle = rows.length === 0 && cells.join() === 'bytes,weight';
    if (cells.join('') === '' || isTitle) continue;
    const row = rowOf(cells);
    if (typeof row === 'string') problems.push(`${file}:${i + 1}: ${row}`);
    else rows.push(row);
  }
  if (problems.length > 0) return { problem: problems.slice(0, 5).join('; ') };
  if (rows.length === 0) return { problem: `${file} has no rows of bytes,weight` };
  if (rows.length > maxRows) {
    return { problem: `${file} has ${rows.length} rows; expected at most ${maxRows}` };
  }
  return { rows };
}

/** A row, or what was expected and what is there. */
function rowOf(cells: readonly string[]): readonly [bytes: number, weight: number] | string {
  const [bytes = '', weight = '', ...rest] = cells;
  if (cells.length < 2 || rest.length > 0) {
    return `expected bytes,weight with a comma between them; got "${cells.join().slice(0, 80)}"`;
  }
  const size = Number(bytes || 'none');
  if (!Number.isInteger(size) || size < minBodyBytes || size > maxBodyBytes) {
    return `expected whole bytes from ${minBodyBytes} to ${maxBodyBytes}; got "${bytes}"`;
  }
  const share = Number(weight || 'none');
  if (!Number.isFinite(share) || share <= 0) return `expected a weight above 0; got "${weight}"`;
  return [size, share];
}

/** A byte order mark of two bytes, of either order. */
function hasUtf16Mark(content: Buffer): boolean {
  const [first, second] = content;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
