import { type Comparison, compare, type RegressionLimit } from '../../reports/compare/compare.ts';
import {
  comparisonJson,
  comparisonMarkdown,
  comparisonText,
} from '../../reports/compare/render.ts';
import { readRecord } from '../../reports/read.ts';
import type { RunResult } from '../../reports/result.ts';
import { print } from './streams.ts';

export interface CompareFlags {
  readonly with: readonly string[];
  readonly maxRegression: readonly RegressionLimit[];
  readonly format: keyof typeof formats;
}

const formats = {
  text: comparisonText,
  markdown: comparisonMarkdown,
  json: comparisonJson,
} as const;

/** `busbench compare`: candidate against baseline, with how certain each difference is. */
export async function compareCommand(
  baseline: readonly string[],
  flags: CompareFlags,
): Promise<void> {
  const comparison = compare(
    await readAll(baseline),
    await readAll(flags.with),
    flags.maxRegression,
  );
  print(formats[flags.format](comparison));
  process.exitCode = exitCodeOf(comparison);
}

async function readAll(paths: readonly string[]): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  for (const path of paths) results.push((await readRecord(path)).result);
  return results;
}

/** What rests on invalid results is not to be trusted, whatever it says. */
function exitCodeOf({ rows, invalid }: Comparison): number {
  if (invalid) return 4;
  return rows.some(({ limit }) => limit?.exceeded) ? 1 : 0;
}
