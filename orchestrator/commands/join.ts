import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { type JoinRequest, joiningVersion } from '../../agents/joining.ts';
import { readSecrets } from '../buses/external/secrets.ts';
import { parseBrokerUrl } from '../by-hand/addresses.ts';
import type { ListenAddress } from '../by-hand/listen-address.ts';
import { joinRequest } from '../by-hand/request.ts';
import { readToken } from '../by-hand/token.ts';
import { BusError, UsageError } from '../errors.ts';
import { busbenchVersion, programPath } from '../processes/program.ts';

export interface JoinFlags {
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

/** `busbench server` and `busbench client`: an agent on this machine that joins a controller, test after test. */
export async function joinCommand(role: JoinRequest['role'], flags: JoinFlags): Promise<void> {
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
  demand('name', name);
  demand('site', site);
  demand('topic', topic);
  demand('peers', peers);
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

/** Refuses what a controller would refuse. */
function demand(flag: 'name' | 'site' | 'topic' | 'peers', given: unknown): void {
  const { success, error } = joinRequest.shape[flag].safeParse(given);
  if (success) return;
  const message = `--${flag}: ${error.issues[0]?.message}; got ${JSON.stringify(given)}`;
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
