import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  channelSecurity,
  type JoinAnswer,
  type JoinRequest,
  joiningVersion,
  keyIdentity,
  keyOf,
} from '../../../agents/joining.ts';
import { nextLine } from '../../../agents/lines.ts';
import { Meeting, type Wanted } from '../../../orchestrator/by-hand/meeting.ts';
import { newToken } from '../../../orchestrator/by-hand/token.ts';
import { busbenchVersion } from '../../../orchestrator/processes/program.ts';

const token = newToken();
const never = new AbortController().signal;

const request: JoinRequest = {
  type: 'join',
  version: joiningVersion,
  busbench: busbenchVersion(),
  name: 'one',
  role: 'server',
  site: 'paris',
  topic: 't',
  peers: 1,
  pid: 1,
  url: 'amqp://broker:5672',
  protocol: '0-9-1',
  login: null,
  ca: null,
};

let meeting: Meeting;
let told: string[];
let sockets: TLSSocket[];

async function open(wanted: Wanted): Promise<void> {
  const tell = (line: string): void => void told.push(line);
  meeting = await Meeting.open({ address: '127.0.0.1', port: 0, token, wanted, tell });
}

async function dial(key: string, identity = keyIdentity): Promise<TLSSocket> {
  const [host = '', port] = meeting.where.split(':');
  const psk = { psk: keyOf(key), identity };
  const socket = connect({
    host,
    port: Number(port),
    ...channelSecurity,
    pskCallback: () => psk,
    checkServerIdentity: () => undefined,
  });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

/** Joins, and returns the first answer. */
async function join(over: Partial<JoinRequest> | string = {}): Promise<JoinAnswer> {
  const socket = await dial(token);
  const said = typeof over === 'string' ? over : JSON.stringify({ ...request, ...over });
  socket.write(`${said}\n`);
  return JSON.parse((await nextLine(socket)) ?? '{"type":"gone"}');
}

beforeEach(() => {
  told = [];
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await meeting[Symbol.asyncDispose]();
});

describe('who may join', () => {
  test('everybody wanted, each once; the test is theirs alone', async () => {
    await open({ clients: 1, servers: 1 });
    const all = meeting.everybody(20_000, never);
    expect(await join()).toEqual({ type: 'joined' });
    expect(await join()).toMatchObject({
      type: 'refused',
      message: 'an agent named one is here already, from 127.0.0.1',
    });
    expect(await join({ name: 'two' })).toMatchObject({
      type: 'refused',
      message: 'the test is complete: clients=1, servers=1 are here',
    });
    expect(await join({ name: 'three', role: 'client', site: 'lyon' })).toEqual({ type: 'joined' });
    expect((await all).map((one) => one.request.name)).toEqual(['one', 'three']);
    expect(await join({ name: 'late', role: 'client' })).toMatchObject({ type: 'refused' });
    expect(await join({ name: 'three', role: 'client' })).toEqual({ type: 'later' });
    expect(told.filter((line) => line.startsWith('refused late'))).toHaveLength(1);
  });

  test.each([
    [{ busbench: '0.0.1' }, 'got 0.0.1'],
    [{ version: 99 }, `got ${busbenchVersion()}`],
    ['{"type":"join","busbench":"9.9.9","novel":true}', 'got 9.9.9'],
    ['GET / HTTP/1.1', 'got something else'],
    [{ peers: 0 }, `got ${busbenchVersion()}`],
  ])('not another version, nor what is none: %j', async (said, got) => {
    await open({ clients: 1, servers: 1 });
    const answer = await join(said);
    expect(answer).toMatchObject({
      type: 'refused',
      message: `expected busbench ${busbenchVersion()}, ${got}`,
    });
    expect(told.at(-1)).toContain(got);
  });

  test.each([
    [{ protocol: '1.0' as const }, 'its protocol is not that of the agents that are here'],
    [{ login: { username: 'u', password: 'hush' } }, 'its login is not that of the agents'],
    [{ url: 'amqp://other:5672' }, 'expected the broker amqp://broker:5672, got amqp://other:5672'],
  ])('not agents that do not belong together: %j', async (over, message) => {
    await open({ clients: 1, servers: 1 });
    await join();
    const answer = await join({ name: 'two', role: 'client', ...over });
    expect(answer).toMatchObject({
      type: 'refused',
      message: expect.stringContaining(message),
    });
    expect(JSON.stringify([answer, told])).not.toContain('hush');
  });
});

describe('the token', () => {
  test('another one ends the handshake, and both sides learn it', async () => {
    await open({ clients: 1, servers: 1 });
    await expect(dial(newToken())).rejects.toMatchObject({ code: /ALERT/ });
    await expect.poll(() => told).toEqual(['refused 127.0.0.1: another token']);
  });

  test('who does not know how to say it is not listened to', async () => {
    await open({ clients: 1, servers: 1 });
    await expect(dial(token, 'somebody')).rejects.toThrow();
    const [host = '', port] = meeting.where.split(':');
    const plain = connectPlain(Number(port), host);
    plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(plain, 'close');
    await expect.poll(() => told.length).toBe(2);
    expect(told).toContain('refused 127.0.0.1: not a busbench agent');
  });
});

describe('who is missing', () => {
  test('is told by number, with who came and who was refused', async () => {
    await open({ clients: 2, servers: 1 });
    const all = meeting.everybody(700, never);
    all.catch(() => {});
    await join();
    await join({ busbench: '0.0.1', name: 'old' });
    await expect(all).rejects.toMatchObject({
      code: 'AGENTS_MISSING',
      message: expect.stringMatching(
        /expected clients=2, servers=1 .*got one at paris; refused old .*got 0\.0\.1/,
      ),
    });
  });

  test('includes one that went away again', async () => {
    await open({ clients: 1, servers: 1 });
    const all = meeting.everybody(20_000, never);
    await join();
    sockets[0]?.destroy();
    await expect
      .poll(() => told.at(-1))
      .toBe('server one (site paris, 1 peer) is gone again; still to come: clients=1, servers=1');
    await join({ name: 'c', role: 'client' });
    await join({ name: 'another' });
    expect((await all).map((one) => one.request.name)).toEqual(['c', 'another']);
  });

  test('a port that is taken is bad input', async () => {
    await open({ clients: 1, servers: 1 });
    const port = Number(meeting.where.split(':')[1]);
    const again = Meeting.open({
      address: '127.0.0.1',
      port,
      token,
      wanted: { clients: 1, servers: 1 },
      tell: () => {},
    });
    await expect(again).rejects.toMatchObject({ code: 'LISTEN_FAILED', kind: 'usage' });
  });
});
