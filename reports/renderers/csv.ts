import { type CsvValue, writeCsv } from '../csv-table.ts';
import { flattenResult, leaves } from '../flatten.ts';
import type { RunResult } from '../result.ts';
import type { Renderer, TableName } from './renderer.ts';

/** The long tables, tidy: a row an item, its columns named as in the result. */
export const csvTables: Readonly<Record<TableName, (result: RunResult) => readonly object[]>> = {
  links: ({ wan }) => wan.links,
  matrix: ({ locality }) => locality.matrix,
  processes: ({ resources }) => resources.processes,
  faults: ({ faults }) => faults,
  expectations: ({ verdict }) => verdict.expectations,
};

/** One row a result: what it was, then every numeric path that any of the results has; or one of the long tables. */
export const csvRenderer: Renderer = {
  name: 'csv',
  extension: 'csv',
  render(records, { table } = {}) {
    const rows = records.flatMap(({ result }): Record<string, CsvValue>[] =>
      table === undefined
        ? [{ ...identity(result), ...flattenResult(result) }]
        : csvTables[table](result).map((item) => ({
            run: result.name,
            startedAt: result.startedAt,
            ...Object.fromEntries(leaves(item, '', '')),
          })),
    );
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return writeCsv(
      columns,
      rows.map((row) => columns.map((column) => row[column] ?? null)),
    );
  },
};

/** Columns of text that tell results apart; the names are paths of the result too. */
export function identity(result: RunResult): Record<string, string> {
  return {
    name: result.name,
    startedAt: result.startedAt,
    'verdict.status': result.verdict.status,
    'workload.pattern': result.workload.pattern,
    'bus.type': result.bus.type,
    'wan.fabric': result.wan.fabric,
    'scenario.guarantee': result.scenario.guarantee,
  };
}
