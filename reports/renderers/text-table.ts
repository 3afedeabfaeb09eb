import { itemAt } from '../../topologies/item-at.ts';
import type { Table, Tone } from '../sections/section.ts';

const gap = '  ';

/** A table as aligned lines, header first. Values line up at their units, as far as they have any. */
export function layOut(
  table: Table,
  paint: (text: string, tone: Tone | 'title' | undefined) => string,
): string[] {
  const columns = table.columns.map((column, at) => {
    const texts = table.rows.map((row) => row[at]?.text ?? '');
    return {
      ...column,
      texts: column.kind === 'value' ? alignUnits(texts) : texts,
    };
  });
  const widths = columns.map(({ title, texts }) =>
    Math.max(title.length, ...texts.map((text) => text.length)),
  );
  const pad = (text: string, at: number): string =>
    columns[at]?.kind === 'value'
      ? text.padStart(itemAt(widths, at))
      : text.padEnd(itemAt(widths, at));
  const line = (cells: readonly string[]): string => cells.join(gap).trimEnd();
  const lines = columns.every(({ title }) => title === '')
    ? []
    : [paint(line(columns.map(({ title }, at) => pad(title, at))), 'dim')];
  for (const [index, row] of table.rows.entries()) {
    lines.push(
      line(
        columns.map(({ texts }, at) => {
          const text = texts[index] ?? '';
          const padded = pad(text, at);
          const tone = row[at]?.tone;
          return tone === undefined ? padded : padded.replace(text, paint(text, tone));
        }),
      ),
    );
  }
  return lines;
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
