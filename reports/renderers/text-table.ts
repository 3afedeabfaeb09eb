import { itemAt } from '../../topologies/item-at.ts';
import type { Table, Tone } from '../sections/section.ts';

const gap = '  ';

/**
 * A table as aligned lines, header first. Values line up at their units, as far as they have any. A last column of text
 * goes on in further lines where it does not fit into `width`.
 */
export function layOut(
  table: Table,
  paint: (text: string, tone: Tone | 'title' | undefined) => string,
  width: number = Number.POSITIVE_INFINITY,
): string[] {
  const rows = wrapLast(table, width);
  const columns = table.columns.map((column, at) => {
    const texts = rows.map((row) => row[at]?.text ?? '');
    return {
      ...column,
      texts: column.kind === 'value' ? alignUnits(texts) : texts,
    };
  });
  const titles = columns.map(({ title }) => title);
  const cells = rows.map((_, index) => columns.map(({ texts }) => texts[index] ?? ''));
  const isValue = (at: number): boolean => columns[at]?.kind === 'value';
  const [head = [], ...body] = padCells([titles, ...cells], isValue);
  const lines = titles.every((title) => title === '') ? [] : [paint(lineOf(head), 'dim')];
  for (const [index, padded] of body.entries()) {
    const painted = padded.map((whole, at) => {
      const text = cells[index]?.[at] ?? '';
      const tone = rows[index]?.[at]?.tone;
      return tone === undefined ? whole : whole.replace(text, paint(text, tone));
    });
    lines.push(lineOf(painted));
  }
  return lines;
}

/** The rows, with lines of their own for what of a last column of text is too long. */
function wrapLast({ columns, rows }: Table, width: number): Table['rows'] {
  const last = columns.length - 1;
  if (last < 1 || columns[last]?.kind !== 'text' || !Number.isFinite(width)) return rows;
  const before = columns.slice(0, last).map(({ title }, at) => {
    return Math.max(title.length, ...rows.map((row) => row[at]?.text.length ?? 0)) + gap.length;
  });
  const room = Math.max(20, width - before.reduce((sum, one) => sum + one, 0));
  return rows.flatMap((row) => {
    const cells = row.slice(0, last);
    const [first = '', ...more] = linesOf(row[last]?.text ?? '', room);
    const blank = cells.map(() => ({ text: '' }));
    return [[...cells, { ...row[last], text: first }], ...more.map((text) => [...blank, { text }])];
  });
}

function linesOf(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** Rows of cells as lines, columns padded to their widest cell: on the left where `isValue` says so. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  isValue: (column: number) => boolean = () => false,
): readonly string[] {
  return padCells(rows, isValue).map(lineOf);
}

function padCells(
  rows: readonly (readonly string[])[],
  isValue: (column: number) => boolean,
): readonly (readonly string[])[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, text] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, text.length);
  }
  const pad = (text: string, at: number): string =>
    isValue(at) ? text.padStart(itemAt(widths, at)) : text.padEnd(itemAt(widths, at));
  return rows.map((row) => row.map(pad));
}

function lineOf(cells: readonly string[]): string {
  return cells.join(gap).trimEnd();
}

/** Pads short units, so that `1.41 s` and `60.5 ms` align at the number. */
function alignUnits(texts: readonly string[]): string[] {
  const units = texts.map((text) => /\d (\D{1,3})$/.exec(text)?.[1] ?? '');
  const width = Math.max(0, ...units.map((unit) => unit.length));
  return texts.map((text, at) => {
    const unit = units[at] ?? '';
    return unit === '' ? text : text + ' '.repeat(width - unit.length);
  });
}
