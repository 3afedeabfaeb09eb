import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { type ListenAddress, parseListen } from '../by-hand/listen-address.ts';
import type { Wanted } from '../by-hand/meeting.ts';
import type { ControllerFlags } from './controller.ts';
import { handTests, type TestName } from './hand-tests.ts';
import { closeHelp, measuringCodes } from './help.ts';
import type { JoinFlags } from './join.ts';
import { directoryOption, setOption } from './shared-options.ts';

/** server, client, controller and token: agents that are started by hand, the ombt way. */
export function addByHandCommands(program: Command): void {
  addJoin(program);
  addController(program);
  addToken(program);
}

const roles = {
  server: 'answer on a topic: an agent started by hand, for a controller to use',
  client: 'call on a topic: an agent started by hand, for a controller to use',
} as const;

function addJoin(program: Command): void {
  for (const role of ['server', 'client'] as const) {
    const command = program
      .command(role)
      .description(roles[role])
      .requiredOption(
        '--url <url>',
        'the broker: amqp://[user:password@]host[:port][/vhost], or amqps://',
      )
      .option(
        '--topic <topic>',
        'whom it serves or calls: clients need a server of their topic',
        'test-topic',
      )
      .option('--site <site>', 'where it is, for the matrix of sites', 'local')
      .addOption(
        new Option('--join <host:port>', 'where the controller listens')
          .argParser(parseJoin)
          .default({ address: '127.0.0.1', port: 7801 }, '127.0.0.1:7801'),
      )
      .requiredOption(
        '--token-file <file>',
        'the token that the controller has too (busbench token)',
      )
      .option('--peers <n>', `how many ${role}s it plays`, parseCount, 1)
      .option('--name <name>', 'tells it apart from others (default: host name, role and process)')
      .addOption(
        new Option('--protocol <protocol>', 'which AMQP the broker speaks')
          .choices(['0-9-1', '1.0'])
          .default('0-9-1'),
      )
      .option('--credentials <file>', 'a file with user:password, instead of in the URL')
      .option('--ca <file>', "PEM of the authority that signed the broker's certificate (amqps)")
      .action(async (flags: JoinFlags) => {
        await (await import('./join.ts')).joinCommand(role, flags);
      });
    const example = `${role} --url amqp://rabbit.example --token-file token --join 10.0.0.1:7801`;
    closeHelp(command, [example], [0, 2, 3, 130]);
  }
}

function addController(program: Command): void {
  const command = program
    .command('controller')
    .description('run a test over agents that were started by hand (busbench server, client)')
    .addArgument(
      new Argument('<test>', 'what to do').choices([...Object.keys(handTests), 'shutdown']),
    )
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
    .addOption(directoryOption('result directory, new or empty (default results/<test>-<time>)'))
    .addOption(setOption())
    .option('--json', 'print the result as one JSON document on stdout')
    .option('--quiet', 'no progress on stderr')
    .action(async (name: TestName | 'shutdown', flags: ControllerFlags) => {
      await (await import('./controller.ts')).controllerCommand(name, flags);
    });
  const examples = [
    'controller rpc-call --token-file token --calls 100',
    'controller shutdown --token-file token --listen 10.0.0.1:7801',
  ];
  closeHelp(command, examples, measuringCodes);
}

function addToken(program: Command): void {
  const command = program
    .command('token')
    .description('print a new token for agents that are started by hand')
    .action(async () => {
      (await import('./token.ts')).tokenCommand();
    });
  closeHelp(command, ['token > token'], [0, 2, 3]);
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

function parseJoin(text: string): ListenAddress {
  const found = parseListen(text);
  if (found !== null && found.port > 0) return found;
  throw new InvalidArgumentError('expected host:port, an IPv6 address in brackets');
}
