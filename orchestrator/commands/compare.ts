import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Comparison, compare, type RegressionLimit } from '../../reports/compare/compare.ts';
import {
  comparisonJson,
  comparisonMarkdown,
  comparisonText,
} from '../../reports/compare/render.ts';
import { readRecord } from '../../reports/read.ts';
import type { RunResult } from '../../reports/result.ts';
import { print } from './streams.ts';

interface CompareFlags {
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
export function registerCompare(program: Command): void {
  program
    .command('compare')
    .description('candidate against baseline over repetitions, with confidence intervals')
    .argument('<baseline...>', 'result directories, or their result.json')
    .requiredOption('--with <candidate...>', 'result directories, or their result.json')
    .option(
      '--max-regression <path=share>',
      'exit 1 when it is surely worse by more, such as latency.response.p99=10%',
      parseLimit,
      [],
    )
    .addOption(
      new Option('--format <name>', 'of the report').choices(Object.keys(formats)).default('text'),
    )
    .action(compareCommand);
}

function parseLimit(
  text: string,
  previous: readonly RegressionLimit[],
): readonly RegressionLimit[] {
  const [, path, share] = /^([^=]+)=(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (path === undefined || share === undefined) {
    throw new InvalidArgumentError('expected path=share, such as latency.response.p99=10%');
  }
  return [...previous, { path, share: Number(share) / 100 }];
}

async function compareCommand(baseline: readonly string[], flags: CompareFlags): Promise<void> {
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
