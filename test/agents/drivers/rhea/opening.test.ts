import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventContext } from 'rhea';
import { describe, expect, test } from 'vitest';
import { connect, openClient, Peer } from '../../../helpers/rhea-peer.ts';

describe('what cannot be opened', () => {
  test('nobody listens', async () => {
    const peer = new Peer();
    const url = await peer.url();
    await peer[Symbol.asyncDispose]();
    await expect(connect([url])).rejects.toMatchObject({
      code: 'RHEA_CONNECT_FAILED',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('the bus refuses the address', async () => {
    await using peer = new Peer();
    peer.container.on('receiver_open', ({ receiver }: EventContext) => {
      receiver?.close({ condition: 'amqp:unauthorized-access', description: 'not yours' });
    });
    const session = await connect([await peer.url()]);
    await expect(openClient(session)).rejects.toMatchObject({
      code: 'RHEA_OPEN_FAILED',
      message: expect.stringContaining('amqp:unauthorized-access: not yours'),
    });
  });
});

describe('TLS and SASL', () => {
  const pem = (name: string): string =>
    readFileSync(join(import.meta.dirname, '../../../fixtures/tls', name), 'utf8');
  const secure = { transport: 'tls', key: pem('server-key.pem'), cert: pem('server-cert.pem') };

  test('PLAIN over TLS; a wrong password and an unknown authority are told apart', async () => {
    await using peer = new Peer({ ...secure, require_sasl: true });
    peer.container.sasl_server_mechanisms.enable_plain(
      (user: string, password: string) => user === 'me' && password === 'p@ss',
    );
    const tls = { ca: secure.cert, cert: null, key: null, serverName: 'broker.test' };
    const good = await peer.url('amqps', 'me:p%40ss@');
    const client = await openClient(await connect([good], {}, { tls }));
    expect(client.states).toEqual([]);
    const bad = await peer.url('amqps', 'me:wrong@');
    await expect(connect([bad], {}, { tls })).rejects.toThrow(/authenticate/i);
    await expect(connect([good])).rejects.toThrow(/self-signed/);
    await expect(
      connect([good], {}, { tls: { ...tls, serverName: 'other.test' } }),
    ).rejects.toThrow(/altnames/);
  });
});

test('versions name the library and the peer', async () => {
  await using peer = new Peer({ properties: { product: 'test-broker', version: '7' } });
  const session = await connect([await peer.url()]);
  expect(session.versions).toMatchObject({ 'test-broker': '7' });
  expect(session.versions['rhea']).toMatch(/^3\./);
});
