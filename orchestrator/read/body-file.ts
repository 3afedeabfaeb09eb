import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
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

/** Reads `bytes,weight` rows; a first line of those two words and `#` comments are allowed. Never throws. */
async function readBodyFile(file: string, scenarioFile: string): Promise<BodyRows> {
  let text: string;
  try {
    const path = resolve(dirname(scenarioFile), file);
    const { size: bytes } = await stat(path);
    if (bytes > maxFileBytes) {
      return { problem: `${file} has ${bytes} bytes; expected at most ${maxFileBytes}` };
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { problem: `cannot read ${file}: ${error instanceof Error ? error.message : error}` };
  }
  return parseRows(text, file);
}

function parseRows(text: string, file: string): BodyRows {
  const rows: (readonly [number, number])[] = [];
  const problems: string[] = [];
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || (rows.length === 0 && line === 'bytes,weight')) {
      continue;
    }
    const [bytes, weight, ...rest] = line.split(',').map((cell) => Number(cell.trim() || 'none'));
    const at = `${file}:${i + 1}`;
    if (bytes === undefined || weight === undefined || rest.length > 0) {
      problems.push(`${at}: expected bytes,weight`);
    } else if (!Number.isInteger(bytes) || bytes < minBodyBytes || bytes > maxBodyBytes) {
      problems.push(`${at}: expected whole bytes from ${minBodyBytes} to ${maxBodyBytes}`);
    } else if (!Number.isFinite(weight) || weight <= 0) {
      problems.push(`${at}: expected a weight above 0`);
    } else rows.push([bytes, weight]);
  }
  if (problems.length > 0) return { problem: problems.slice(0, 5).join('; ') };
  if (rows.length === 0) return { problem: `${file} has no rows of bytes,weight` };
  if (rows.length > maxRows) {
    return { problem: `${file} has ${rows.length} rows; expected at most ${maxRows}` };
  }
  return { rows };
}
