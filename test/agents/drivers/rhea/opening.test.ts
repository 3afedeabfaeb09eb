import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventContext } from 'rhea';
import { describe, expect, test } from 'vitest';
import { eventually, TestServer } from '../../../contract/driver-peers.ts';
import {
  connect,
  openClient,
  Peer,
  patience,
  sendsFrom,
  serverPeer,
} from '../../../helpers/rhea-peer.ts';

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

describe('a session that begins four below 2^32, and late, as those of RabbitMQ 4 do', () => {
  const start = 2 ** 32 - 4;

  /** What rhea keeps of a session; a flow that comes before our begin shows as one that expects something else. */
  interface Inside {
    readonly local: { readonly begin: { next_outgoing_id: number } };
    readonly outgoing: {
      next_transfer_id: number;
      next_delivery_id: number;
      next_pending_delivery: number;
    };
    on_flow(frame: { readonly performative: { readonly next_incoming_id?: number } }): void;
    output(frame: object, payload?: Buffer): void;
  }

  function lateSession(peer: Peer): number[] {
    const expected: number[] = [];
    peer.container.on('session_open', ({ session }: EventContext) => {
      const inside = session as unknown as Inside;
      inside.local.begin.next_outgoing_id = start;
      inside.outgoing.next_transfer_id = start;
      inside.outgoing.next_delivery_id = start;
      inside.outgoing.next_pending_delivery = start;
      const { on_flow, output } = inside;
      inside.on_flow = (frame): void => {
        expected.push(frame.performative.next_incoming_id ?? -1);
        on_flow.call(inside, frame);
      };
      inside.output = (...frame): void => {
        setTimeout(() => output.apply(inside, frame), 100);
      };
    });
    return expected;
  }

  test('is waited for before the first flow', async () => {
    await using peer = new Peer();
    const expected = lateSession(peer);
    const session = await connect([await peer.url()]);
    const server = new TestServer(false);
    server.receiver = await session.openReceiver(serverPeer, server, patience());
    await eventually(() => expected.length > 0);
    expect(expected[0]).toBe(start);
    expect(new Set(expected)).toEqual(new Set([start]));
  });

  test('delivers more than the four', async () => {
    await using peer = new Peer();
    sendsFrom(peer, start, 10);
    const session = await connect([await peer.url()]);
    const server = new TestServer(false);
    server.receiver = await session.openReceiver(serverPeer, server, patience());
    await eventually(() => server.got.length === 10);
    expect(server.got.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
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
