import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { formatNames, isFormat } from '../../reports/renderers/registry.ts';
import { type FormatName, type TableName, tableNames } from '../../reports/renderers/renderer.ts';
import type { CompareFlags } from './compare.ts';
import { closeHelp, measuringCodes } from './help.ts';
import { type MetricsAddress, parseMetricsAddress } from './metrics-address.ts';
import type { PlanFlags } from './plan.ts';
import type { ReportFlags } from './report.ts';
import type { RunFlags } from './run.ts';
import { directoryOption, scenarioArgument, setOption } from './shared-options.ts';
import { suggest } from './suggest.ts';
import type { SweepFlags } from './sweep.ts';

/** run, plan, sweep, report and compare: from a scenario to what it shows. */
export function addMeasuringCommands(program: Command): void {
  addRun(program);
  addPlan(program);
  addSweep(program);
  addReport(program);
  addCompare(program);
}

function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('deploy, measure, collect, report, tear down')
    .addArgument(scenarioArgument())
    .addOption(directoryOption('result directory, new or empty (default results/<name>-<time>)'))
    .addOption(setOption())
    .option('--json', 'print the result as one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .option('--keep', 'keep the scratch directory (configuration and data of the bus nodes)')
    .option('--metrics <:port>', 'serve live OpenMetrics on loopback while it runs', parseMetrics)
    .action(async (name: string, flags: RunFlags) => {
      await (await import('./run.ts')).runCommand(name, flags);
    });
  const examples = [
    'run',
    'run quickstart --set bus.choice=closest -o results/closest',
    'run my.yaml --json --quiet > result.json',
    'run rabbitmq-cluster --metrics :9464',
  ];
  closeHelp(command, examples, measuringCodes);
}

function addPlan(program: Command): void {
  const command = program
    .command('plan')
    .description('print what a run would do, without starting anything')
    .addArgument(scenarioArgument())
    .addOption(setOption())
    .option('--json', 'print the plan as one JSON document')
    .action(async (name: string, flags: PlanFlags) => {
      await (await import('./plan.ts')).planCommand(name, flags);
    });
  closeHelp(
    command,
    ['plan quickstart', 'plan my.yaml --set clients.count=1000 --json'],
    [0, 2, 3],
  );
}

function addSweep(program: Command): void {
  const file = new Argument('<sweep>', 'a sweep file or the name of a ready-made one');
  const retry = new Option('--retry <statuses>', `measure these again: ${retriable.join(',')}`);
  const command = program
    .command('sweep')
    .description('measure many points; run again to go on where it stopped')
    .addArgument(suggest(file, 'sweep'))
    .addOption(directoryOption('new, or that of the sweep to resume (default results/<name>)'))
    .option('--dry-run', 'print the points and about how long they take; start nothing')
    .option('--available', 'leave out what this machine lacks the programs for')
    .addOption(suggest(retry.argParser(parseRetry).default([]), retriable))
    .option('--json', 'print the outcome as one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (name: string, flags: SweepFlags) => {
      await (await import('./sweep.ts')).sweepCommand(name, flags);
    });
  const examples = [
    'sweep quickstart --dry-run',
    'sweep tc1 -o results/tc1 --available',
    'sweep tc1 -o results/tc1 --retry failed,timeout',
  ];
  closeHelp(command, examples, measuringCodes);
}

function addReport(program: Command): void {
  const results = new Argument('<result...>', 'result directories, or their result.json');
  const format = new Option('--format <names>', `one or more of ${formatNames.join(',')}`);
  const table = new Option('--table <name>', `csv only: ${tableNames.join(', ')}; a row an item`);
  const output = new Option(
    '-o, --output <path>',
    'file for one format, directory for several (report.<format>)',
  );
  const command = program
    .command('report')
    .description('make any report again from result files')
    .addArgument(suggest(results, 'file'))
    .addOption(suggest(format.argParser(parseFormats).default(['text']), formatNames))
    .addOption(suggest(table.argParser(parseTable), tableNames))
    .addOption(suggest(output, 'file'))
    .action(async (paths: readonly string[], flags: ReportFlags) => {
      await (await import('./report.ts')).reportCommand(paths, flags);
    });
  const examples = [
    'report results/first',
    'report results/first --format html,junit -o reports',
    'report results/first --format csv --table links -o links.csv',
  ];
  closeHelp(command, examples, [0, 2, 3]);
}

function addCompare(program: Command): void {
  const baseline = new Argument('<baseline...>', 'result directories, or their result.json');
  const candidate = new Option(
    '--with <candidate...>',
    'result directories, or their result.json',
  ).makeOptionMandatory();
  const command = program
    .command('compare')
    .description('candidate against baseline over repetitions, with confidence intervals')
    .addArgument(suggest(baseline, 'file'))
    .addOption(suggest(candidate, 'file'))
    .option(
      '--max-regression <path=share>',
      'exit 1 when it is surely worse by more, such as latency.response.p99=10%',
      parseLimit,
      [],
    )
    .addOption(
      new Option('--format <name>', 'of the report')
        .choices(['text', 'markdown', 'json'])
        .default('text'),
    )
    .action(async (paths: readonly string[], flags: CompareFlags) => {
      await (await import('./compare.ts')).compareCommand(paths, flags);
    });
  const examples = [
    'compare results/before --with results/after',
    'compare old/1 old/2 old/3 --with new/1 new/2 new/3 --max-regression latency.response.p99=10%',
  ];
  closeHelp(command, examples, [0, 1, 2, 3, 4]);
}

function parseMetrics(text: string): MetricsAddress {
  const address = parseMetricsAddress(text);
  if (address) return address;
  throw new InvalidArgumentError('expected :port, or a loopback address and port (127.0.0.1:9464)');
}

/** Statuses that a further attempt may mend. */
const retriable = ['failed', 'invalid', 'timeout', 'expectation-missed'] as const;

function parseRetry(list: string): SweepFlags['retry'] {
  return list.split(',').map((name) => {
    const status = retriable.find((known) => known === name.trim());
    if (status) return status;
    throw new InvalidArgumentError(`expected one or more of ${retriable.join(', ')}, got ${name}`);
  });
}

function parseFormats(list: string): readonly FormatName[] {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !isFormat(name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `expected one or more of ${formatNames.join(', ')}, got ${unknown.join(', ') || 'nothing'}`,
    );
  }
  return [...new Set(names.filter(isFormat))];
}

function parseTable(text: string): TableName {
  const table = tableNames.find((known) => known === text);
  if (table) return table;
  throw new InvalidArgumentError(`expected one of ${tableNames.join(', ')}, got ${text}`);
}

function parseLimit(
  text: string,
  previous: CompareFlags['maxRegression'],
): CompareFlags['maxRegression'] {
  const [, path, share] = /^([^=]+)=(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (path === undefined || share === undefined) {
    throw new InvalidArgumentError('expected path=share, such as latency.response.p99=10%');
  }
  return [...previous, { path, share: Number(share) / 100 }];
}
