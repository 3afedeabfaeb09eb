import { type CsvValue, writeCsv } from '../csv-table.ts';
import { flattenResult } from '../flatten.ts';
import type { RunResult } from '../result.ts';
import type { Renderer } from './renderer.ts';

/** One row a result: what it was, then every numeric path that any of the results has. */
export const csvRenderer: Renderer = {
  name: 'csv',
  extension: 'csv',
  render(records) {
    const rows = records.map(({ result }) => ({ ...identity(result), ...flattenResult(result) }));
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return writeCsv(
      columns,
      rows.map((row: Record<string, CsvValue>) => columns.map((column) => row[column] ?? null)),
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
