/** A value of a CSV cell; null is the empty cell. */
export type CsvValue = string | number | boolean | null;

/** Rows of cells as RFC 4180 text with `\n` line ends, header first. */
export function writeCsv(header: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  const lines = [header.map(quote).join(',')];
  for (const row of rows) lines.push(row.map(quote).join(','));
  return `${lines.join('\n')}\n`;
}

/** Cells of RFC 4180 text, header line included. Throws a plain Error with the line number for a torn quote. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const [cell, next] = readCell(text, at, line);
    line += countLines(text, at, next);
    row.push(cell);
    const end = text[next];
    at = next + 1;
    if (end === ',') {
      if (at === text.length) row.push('');
      continue;
    }
    if (end === '\r' && text[at] === '\n') at += 1;
    line += 1;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** The cell that starts at `at`, and the index of the separator behind it (or of the end of the text). */
function readCell(text: string, at: number, line: number): [cell: string, next: number] {
  if (text[at] !== '"') {
    let next = at;
    while (next < text.length && !',\r\n'.includes(text.charAt(next))) next += 1;
    return [text.slice(at, next), next];
  }
  let cell = '';
  let from = at + 1;
  for (;;) {
    const close = text.indexOf('"', from);
    if (close < 0) throw new Error(`line ${line}: a quote that opens is never closed`);
    cell += text.slice(from, close);
    if (text[close + 1] !== '"') return [cell, close + 1];
    cell += '"';
    from = close + 2;
  }
}

function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1))
    count += 1;
  return count;
}

function quote(value: CsvValue): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
