import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { textRenderer } from '../../reports/renderers/text.ts';
import { exitCode } from '../../reports/verdict/verdict.ts';
import { writeRecord } from '../../reports/write.ts';
import { type ListenAddress, parseListen } from '../by-hand/addresses.ts';
import { conductTest, dismiss } from '../by-hand/conduct.ts';
import type { Joined } from '../by-hand/joined.ts';
import { type HandTest, refuseDecided } from '../by-hand/layout.ts';
import { Meeting, type Wanted } from '../by-hand/meeting.ts';
import { readToken } from '../by-hand/token.ts';
import { exitInterrupted, interruptible } from '../processes/interrupts.ts';
import { scenarioYaml } from '../read/scenario.ts';
import { makeDirectories } from '../run-directories.ts';
import { showProgress } from './progress.ts';
import { setOption } from './set-option.ts';
import { print } from './streams.ts';
import { terminalOptions } from './terminal.ts';

/** The tests of ombt by their names there. */
const tests = {
  'rpc-call': 'call',
  'rpc-cast': 'cast',
  'rpc-fanout': 'fanout',
  notify: 'notify',
} as const satisfies Record<string, HandTest['pattern']>;

type TestName = keyof typeof tests | 'shutdown';

interface ControllerFlags {
  readonly listen: ListenAddress;
  readonly tokenFile: string;
  readonly waitFor: Wanted;
  readonly joinTimeout: number;
  readonly calls: number;
  readonly length: number;
  readonly pause: number;
  readonly timeout: number;
  readonly output?: string;
  readonly set: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

/** `busbench controller`: one test over agents that were started by hand, the ombt way. */
export function registerController(program: Command): void {
  program
    .command('controller')
    .description('run a test over agents that were started by hand (busbench server, client)')
    .addArgument(new Argument('<test>', 'what to do').choices([...Object.keys(tests), 'shutdown']))
    .addOption(
      new Option('--listen <[address:]port>', 'where agents join; this machine alone by default')
        .argParser(parsePlace)
        .default({ address: '127.0.0.1', port: 7801 }, '127.0.0.1:7801'),
    )
    .requiredOption('--token-file <file>', 'the token that the agents have too (busbench token)')
    .addOption(
      new Option('--wait-for <counts>', 'agents (processes) that must have joined')
        .argParser(parseWanted)
        .default({ clients: 1, servers: 1 }, 'clients=1,servers=1'),
    )
    .addOption(
      new Option('--join-timeout <seconds>', 'how long to wait for them')
        .argParser(parseSeconds)
        .default(60_000, '60'),
    )
    .option('--calls <n>', 'measured operations of each client', parseCount, 1)
    .option('--length <bytes>', 'bytes of a body', parseCount, 1_024)
    .addOption(
      new Option('--pause <seconds>', 'between two operations of a client')
        .argParser(parseSeconds)
        .default(0, '0'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'of an operation')
        .argParser(parseSeconds)
        .default(60_000, '60'),
    )
    .option('-o, --output <dir>', 'result directory, new or empty (default results/<test>-<time>)')
    .addOption(setOption())
    .option('--json', 'print the result as one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(controllerCommand);
}

async function controllerCommand(name: TestName, flags: ControllerFlags): Promise<void> {
  refuseDecided(flags.set);
  const token = await readToken(flags.tokenFile);
  using interrupts = interruptible();
  const tell = (line: string): void => {
    if (!flags.quiet) process.stderr.write(`busbench: ${line}\n`);
  };
  await using meeting = await Meeting.open({ ...flags.listen, token, wanted: flags.waitFor, tell });
  tell(`waiting for agents at ${meeting.where}`);
  if (name === 'shutdown') {
    await dismiss(await meeting.everybody(flags.joinTimeout, interrupts.stop));
    return;
  }
  const everybody = (): Promise<readonly Joined[]> =>
    meeting.everybody(flags.joinTimeout, interrupts.stop);
  await test(name, flags, everybody, interrupts.stop);
}

async function test(
  name: keyof typeof tests,
  flags: ControllerFlags,
  everybody: () => Promise<readonly Joined[]>,
  stop: AbortSignal,
): Promise<void> {
  await using directories = await makeDirectories(name, flags.output, false);
  const joined = await everybody();
  using progress = showProgress(name, flags.quiet ?? false);
  const asked = {
    pattern: tests[name],
    calls: flags.calls,
    lengthBytes: flags.length,
    pauseMs: flags.pause,
    timeoutMs: flags.timeout,
  };
  const record = await conductTest(asked, joined, flags.set, {
    context: directories,
    commandLine: process.argv.slice(2),
    onProgress: progress.update,
    stop,
  });
  await writeRecord(directories.results, record, scenarioYaml(record.result.scenario));
  progress[Symbol.dispose]();
  const { result } = record;
  const text = flags.json
    ? `${JSON.stringify(result, null, 2)}\n`
    : textRenderer.render([record], { ...terminalOptions(), directory: directories.results });
  print(text, directories.results);
  process.exitCode = stop.aborted ? exitInterrupted : exitCode(result);
}

function parsePlace(text: string): ListenAddress {
  const found = parseListen(text);
  if (found !== null) return found;
  throw new InvalidArgumentError('expected [address:]port, an IPv6 address in brackets');
}

function parseWanted(text: string): Wanted {
  const counts = new Map<string, number>();
  for (const part of text.split(',')) {
    const [, role = '', digits] = /^(clients|servers)=(\d{1,4})$/.exec(part.trim()) ?? [];
    const count = Number(digits);
    if (!(count >= 1) || counts.has(role)) {
      throw new InvalidArgumentError('expected clients=<n>,servers=<n>, each 1 or more');
    }
    counts.set(role, count);
  }
  return { clients: counts.get('clients') ?? 1, servers: counts.get('servers') ?? 1 };
}

/** ombt's seconds, as milliseconds. */
function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds <= 86_400) return Math.round(seconds * 1e3);
  throw new InvalidArgumentError('expected seconds, such as 0.1 or 60');
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError('expected a whole number, 1 or more');
}
