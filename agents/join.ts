import { once } from 'node:events';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { lineChannel } from './channel.ts';
import { Company, type CompanyPlatform } from './company.ts';
import { AgentFailure, protocolFailure } from './errors.ts';
import {
  channelSecurity,
  type JoinAnswer,
  type JoinRequest,
  keyIdentity,
  keyOf,
  say,
} from './joining.ts';
import { nextLine } from './lines.ts';

/** Where the controller listens, and what it is told. */
export interface JoinOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly request: JoinRequest;
}

/** Between two tries, and after a test: its controller is still writing the report. */
const againMs = 1_000;
const answerMs = 20_000;
const keepAliveMs = 5_000;

/**
 * Joins one controller after the other until one says `shutdown`, waiting for each as long as it takes. Rejects with an
 * AgentFailure when one refuses; with the reason of `signal` when that aborts between two tests.
 */
export async function joinControllers(
  options: JoinOptions,
  platform: () => CompanyPlatform,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { host, port, request } = options;
  const where = `${host}:${port}`;
  let told = '';
  const tellOnce = (line: string): void => {
    if (line !== told) tell(line);
    told = line;
  };
  for (;;) {
    signal.throwIfAborted();
    const socket = await dial(options);
    if (socket === null) {
      tellOnce(`no controller at ${where} yet; waiting for one`);
    } else {
      const stop = (): void => void socket.destroy();
      signal.addEventListener('abort', stop, { once: true });
      try {
        const answer = await introduce(socket, request, where);
        if (answer === 'shutdown') return;
        if (answer === 'begin') {
          tell(`${request.name}: a test begins`);
          await take(socket, platform, tell);
          tell(`${request.name}: the test is over`);
          told = '';
        } else if (answer === 'gone') {
          tellOnce(`the controller at ${where} went away before a test began`);
        }
      } finally {
        signal.removeEventListener('abort', stop);
        socket.destroy();
      }
    }
    await sleep(againMs, undefined, { signal }).catch(() => {});
  }
}

/** Connects; null where nobody listens. Rejects with JOIN_REFUSED where the other side is not a controller with our token. */
async function dial({ host, port, token }: JoinOptions): Promise<TLSSocket | null> {
  const socket = connect({
    host,
    port,
    ...channelSecurity,
    pskCallback: () => ({ psk: keyOf(token), identity: keyIdentity }),
    // The token proves who the other side is; there is no certificate to check.
    checkServerIdentity: () => undefined,
    ...(isIP(host) === 0 && { servername: host }),
  });
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    socket.destroy();
    const failure = error as NodeJS.ErrnoException;
    if (isNobody(failure)) return null;
    throw refusal(`${host}:${port}`, failure);
  }
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveMs);
  return socket;
}

/** Nobody there, or not yet, or no longer. */
function isNobody({ code = '', message }: NodeJS.ErrnoException): boolean {
  const gone = /^E(CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH|TIMEDOUT|AI_AGAIN)$/;
  return gone.test(code) || message.includes('before secure TLS connection was established');
}

function refusal(where: string, error: NodeJS.ErrnoException): AgentFailure {
  const { code = '', message } = error;
  if (/ALERT|BINDER|DECRYPT|BAD_RECORD_MAC/.test(code)) {
    return new AgentFailure(
      'JOIN_REFUSED',
      `the controller at ${where} has another token`,
      'Give both sides the same file: `busbench token > token; chmod 600 token`.',
    );
  }
  return new AgentFailure(
    'JOIN_REFUSED',
    `what listens at ${where} is no busbench controller: ${message}`,
    'Expected `busbench controller ... --listen` there.',
  );
}

/** Says who we are; settles when the controller lets the test begin, sends us home, or is gone. */
async function introduce(
  socket: TLSSocket,
  request: JoinRequest,
  where: string,
): Promise<'begin' | 'later' | 'shutdown' | 'gone'> {
  say(socket, request);
  const timer = setTimeout(() => socket.destroy(), answerMs);
  for (;;) {
    const line = await nextLine(socket).catch(() => null);
    clearTimeout(timer);
    if (line === null) return 'gone';
    const answer = JSON.parse(line) as JoinAnswer;
    if (answer.type === 'refused') {
      const { message, hint } = answer;
      throw new AgentFailure('JOIN_REFUSED', `refused by ${where}: ${message}`, hint);
    }
    if (answer.type !== 'joined') return answer.type;
  }
}

/** Plays the agent of one test; settles when it is over, however it ended. */
async function take(
  socket: TLSSocket,
  platform: () => CompanyPlatform,
  tell: (line: string) => void,
): Promise<void> {
  let failed = (_error: unknown): void => {};
  const onUncaught = (error: unknown): void => failed(error);
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  try {
    const exitCode = await new Promise<number>((resolve) => {
      const channel = lineChannel(socket, socket, {
        onMessage: (line) => company.receive(line),
        onWrong: (error) => company.fail(protocolFailure(error.message)),
        onClose: () => company.close(1),
      });
      const company = new Company(channel, platform(), resolve);
      failed = (error) => company.fail(error);
    });
    if (exitCode !== 0) tell('the test ended early: its controller has the reason, or is gone');
  } finally {
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onUncaught);
  }
  await new Promise<void>((resolve) => socket.end(resolve));
}
