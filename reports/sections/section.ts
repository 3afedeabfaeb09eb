/**
 * A report as data: what text, markdown and HTML all say, before any of them says it their way.
 * One file of this folder makes one section.
 */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Key facts, most important first: `local ratio` -> `0.912`. */
  readonly facts: readonly Fact[];
  readonly tables: readonly Table[];
  /** Footnotes, whole sentences. */
  readonly notes: readonly string[];
}

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly tone?: Tone;
}

export interface Table {
  readonly caption: string;
  /** First column names the row; the others hold values and are aligned right unless they say `text`. */
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns that name sites: of many, a page can show the rows of one. */
  readonly siteColumns?: readonly number[];
}

export interface Column {
  readonly title: string;
  readonly kind: 'text' | 'value';
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
  /** Where the cell leads, relative to the page (HTML). */
  readonly href?: string;
  /** 0 to 1: how strongly a heat map paints the cell (HTML). */
  readonly heat?: number;
}

export type Tone = 'good' | 'bad' | 'warn' | 'dim';

export function textColumn(title: string): Column {
  return { title, kind: 'text' };
}

export function valueColumn(title: string): Column {
  return { title, kind: 'value' };
}

export function cell(text: string, tone?: Tone): Cell {
  return tone === undefined ? { text } : { text, tone };
}

export function fact(label: string, value: string, tone?: Tone): Fact {
  return tone === undefined ? { label, value } : { label, value, tone };
}
