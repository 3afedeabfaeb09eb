import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { Link } from '../../../../agents/drivers/amqplib/link.ts';

/** amqplib's own encoder, which it does not export. */
interface Encoder {
  readonly ConnectionStart: number;
  readonly ConnectionTune: number;
  readonly ConnectionOpenOk: number;
  encodeMethod(id: number, channel: number, fields: { readonly [name: string]: unknown }): Buffer;
}

const load = createRequire(import.meta.url);
const amqp = load(join(dirname(load.resolve('amqplib')), 'lib/defs.js')) as Encoder;

/** Takes part in the handshake of AMQP 0-9-1 and then says nothing by itself. */
async function accept(socket: Socket): Promise<void> {
  const said = async (id: number, fields: { readonly [name: string]: unknown }): Promise<void> => {
    await once(socket, 'data');
    socket.write(amqp.encodeMethod(id, 0, fields));
  };
  await said(amqp.ConnectionStart, {
    versionMajor: 0,
    versionMinor: 9,
    serverProperties: { version: '0' },
    mechanisms: Buffer.from('PLAIN'),
    locales: Buffer.from('en_US'),
  });
  await said(amqp.ConnectionTune, { channelMax: 10, frameMax: 131_072, heartbeat: 0 });
  await said(amqp.ConnectionOpenOk, {});
}

test('a frame that claims 2 GB ends the connection, with the reason, at its first bytes', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const differences: string[] = [];
  const link = new Link({
    endpoint: {
      brokers: [{ host: '127.0.0.1', port }],
      home: 1,
      vhost: '/',
      username: 'guest',
      password: 'guest',
      heartbeatSeconds: 0,
      tls: null,
    } as unknown as ConstructorParameters<typeof Link>[0]['endpoint'],
    turn: 0,
    failover: false,
    backoff: { minMs: 60_000, maxMs: 60_000, random: () => 1 },
    name: 'oversized',
    framing: true,
    differs: (members) => differences.push(...members),
  });
  const opened = link.open(AbortSignal.timeout(10_000));
  const [socket] = await accepted;
  socket.on('error', () => {});
  await accept(socket);
  await opened;
  const lost = new Promise<string>((down) => {
    link.listen({ up() {}, down, hindered() {}, blocked() {} });
  });
  // A header frame, and not one byte of what it claims.
  socket.write(Buffer.from([2, 0, 0, 0x80, 0, 0, 0, 0]));
  expect(await lost).toContain('a frame of 2147483648 bytes where at most 131064 were agreed');
  expect(differences).toEqual([]);
  await link.close();
  socket.destroy();
  server.close();
});
