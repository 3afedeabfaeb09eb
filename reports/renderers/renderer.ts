import type { RunRecord } from '../record.ts';

/** One report format. Implementations are pure: the same records and options give the same text. */
export interface Renderer {
  readonly name: FormatName;
  /** Of the file that holds such a report, without a dot. */
  readonly extension: string;
  /** One document over all records, in their order; ends with a line end. */
  render(records: readonly RunRecord[], options?: RenderOptions): string;
}

export interface RenderOptions {
  /** Where the result lives, to be named at the end of the report (text, markdown). */
  readonly directory?: string;
  /** The reader is a terminal that shows colours (text). */
  readonly color?: boolean;
  /** Columns that lines should fit into, 80 or more (text); default 100. */
  readonly columns?: number;
  /** One of the long tables, a row an item, instead of one row a result (csv). */
  readonly table?: TableName;
}

/** The long tables of csv, a row an item. */
export const tableNames = ['links', 'matrix', 'processes', 'faults', 'expectations'] as const;

export type TableName = (typeof tableNames)[number];

export type FormatName =
  | 'text'
  | 'markdown'
  | 'csv'
  | 'json'
  | 'html'
  | 'hlog'
  | 'openmetrics'
  | 'junit'
  | 'influx';
