import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type JoinRequest, joiningVersion } from '../../agents/joining.ts';
import { readSecrets } from '../buses/external/secrets.ts';
import { type ListenAddress, parseBrokerUrl, parseListen } from '../by-hand/addresses.ts';
import { readToken } from '../by-hand/token.ts';
import { BusError, UsageError } from '../errors.ts';
import { busbenchVersion, programPath } from '../processes/program.ts';

interface JoinFlags {
  readonly url: string;
  readonly topic: string;
  readonly site: string;
  readonly join: ListenAddress;
  readonly tokenFile: string;
  readonly peers: number;
  readonly name?: string;
  readonly protocol: '0-9-1' | '1.0';
  readonly credentials?: string;
  readonly ca?: string;
}

const roles = {
  server: 'answer on a topic: an agent started by hand, for a controller to use',
  client: 'call on a topic: an agent started by hand, for a controller to use',
} as const;

/** `busbench server` and `busbench client`: an agent on this machine that joins a controller, test after test. */
export function registerJoin(program: Command): void {
  for (const role of ['server', 'client'] as const) {
    program
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
      .option('--peers <n>', `how many ${role}s it plays`, parsePeers, 1)
      .option('--name <name>', 'tells it apart from others (default: host name, role and process)')
      .addOption(
        new Option('--protocol <protocol>', 'which AMQP the broker speaks')
          .choices(['0-9-1', '1.0'])
          .default('0-9-1'),
      )
      .option('--credentials <file>', 'a file with user:password, instead of in the URL')
      .option('--ca <file>', "PEM of the authority that signed the broker's certificate (amqps)")
      .action((flags: JoinFlags) => joinCommand(role, flags));
  }
}

async function joinCommand(role: JoinRequest['role'], flags: JoinFlags): Promise<void> {
  const token = await readToken(flags.tokenFile);
  const request = await requestOf(role, flags);
  const { address, port } = flags.join;
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=32', programPath('agents/join-main')],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, forward);
  // It stays open: the agent ends with it, however we end.
  child.stdin.write(`${JSON.stringify({ host: address, port, token, request })}\n`);
  const code = await new Promise<number>((resolve) => {
    child.once('exit', (status) => resolve(status ?? 3));
  });
  for (const signal of signals) process.off(signal, forward);
  process.exitCode = code === 1 ? 3 : code;
}

async function requestOf(role: JoinRequest['role'], flags: JoinFlags): Promise<JoinRequest> {
  const machine = hostname().replace(/[^A-Za-z0-9._-]/g, '-');
  const name = flags.name ?? `${machine}-${role}-${process.pid}`;
  const { site, topic, peers, protocol } = flags;
  demand('name', name, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, . _ -');
  demand('site', site, /^[A-Za-z][A-Za-z0-9_-]{0,31}$/, 'a letter, then letters, digits, - _');
  demand('topic', topic, /^.{1,128}$/s, '1 to 128 characters');
  const broker = parseBrokerUrl(flags.url);
  if (typeof broker === 'string') {
    throw new UsageError('JOIN_OPTIONS', `--url: ${broker}`, 'See `busbench server --help`.');
  }
  const { login, tls } = await secretsOf(flags);
  return {
    type: 'join',
    version: joiningVersion,
    busbench: busbenchVersion(),
    ...{ name, role, site, topic, peers, protocol },
    pid: process.pid,
    url: broker.url,
    login: login ?? broker.login,
    ca: tls.ca,
  };
}

function demand(flag: string, got: string, shape: RegExp, expected: string): void {
  if (shape.test(got)) return;
  const message = `--${flag}: expected ${expected}; got ${JSON.stringify(got)}`;
  throw new UsageError('JOIN_OPTIONS', message, 'See `busbench server --help`.');
}

async function secretsOf({ credentials, ca }: JoinFlags): ReturnType<typeof readSecrets> {
  try {
    return await readSecrets({
      credentials: credentials === undefined ? null : { kind: 'file', path: credentials },
      tls: { ca: ca ?? null, cert: null, key: null, serverName: null },
    });
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    throw new UsageError(error.code, error.message, 'Paths are relative to the present folder.');
  }
}

function parseJoin(text: string): ListenAddress {
  const found = parseListen(text);
  if (found !== null && found.port > 0) return found;
  throw new InvalidArgumentError('expected host:port, an IPv6 address in brackets');
}

function parsePeers(text: string): number {
  const peers = Number(text);
  if (/^\d+$/.test(text) && peers >= 1 && peers <= 100_000) return peers;
  throw new InvalidArgumentError('expected a whole number from 1 to 100000');
}
