import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import type { EventContext, Sender as PeerSender } from 'rhea';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Driver, DriverOptions } from '../../../../agents/drivers/driver.ts';
import { rheaDriver, rheaPublicDriver } from '../../../../agents/drivers/rhea/rhea.ts';
import { eventually, TestClient, TestServer } from '../../../contract/driver-peers.ts';
import { withRenamed } from '../../../helpers/mutated-library.ts';
import {
  clientPeer,
  Peer,
  patience,
  plainEndpoint,
  sendsFrom,
  serverPeer,
} from '../../../helpers/rhea-peer.ts';

/** Every member of rhea that the driver reads or hooks beyond its public face. */
const members = [
  'on_transfer',
  'on_flow',
  'outgoing',
  'incoming',
  'next_delivery_id',
  'next_pending_delivery',
  'available',
  'transfer_window',
  'next_transfer_id',
  'max_transfer_id',
  'message_format',
  'credit',
  'delivery_count',
  'settled',
];

/** A peer that hands every message to whoever receives from its address, as a broker would. */
function forwarding(peer: Peer): void {
  const outlets = new Map<string, PeerSender>();
  peer.container.on('sender_open', ({ sender }: EventContext) => {
    if (sender === undefined) return;
    const address = sender.source.dynamic ? `made-${outlets.size}` : sender.source.address;
    sender.set_source({ address });
    // As the receiver asks: pre-settled at most once.
    const { local } = sender as unknown as { readonly local: { readonly attach: object } };
    Object.assign(local.attach, { snd_settle_mode: sender.snd_settle_mode });
    outlets.set(address, sender);
  });
  peer.container.on('message', ({ message, delivery, receiver }: EventContext) => {
    const to = receiver?.target.address ?? message?.to ?? '';
    if (message !== undefined) outlets.get(to)?.send(message);
    if (delivery?.remote_settled === false) delivery.accept();
  });
}

interface Outcome {
  readonly versions: { readonly [name: string]: string };
  readonly detour: string | null;
}

const calls = 200;

/** Calls by way of a forwarding peer; every one must come, once, in order, and be answered. */
async function callsThrough(
  driver: Driver<'rhea'>,
  guarantee: DriverOptions['guarantee'],
  connections: DriverOptions['connections'],
): Promise<Outcome> {
  await using peer = new Peer();
  forwarding(peer);
  const options = {
    run: 'r1',
    process: 'both.paris',
    pattern: 'call',
    guarantee,
    connections,
    failover: false,
    reconnect: { minMs: 20, maxMs: 100 },
    seed: 1,
    endpoint: plainEndpoint([await peer.url()]),
  } as const;
  await using session = await driver.connect(options, patience());
  const server = new TestServer(true);
  server.receiver = await session.openReceiver(serverPeer, server, patience());
  const client = new TestClient(0);
  client.sender = await session.openSender(clientPeer, null, client, patience());
  await client.sendAll(calls);
  await eventually(() => client.replies.length >= calls);
  expect(server.got.map(({ sequence }) => sequence)).toEqual(client.sequences(calls));
  expect(client.replies).toEqual(client.sequences(calls));
  expect([client.refusals, client.states]).toEqual([[], []]);
  if (guarantee === 'at-least-once') await eventually(() => client.accepts.length === calls);
  return { versions: session.versions, detour: session.detour ?? null };
}

describe.each(['at-most-once', 'at-least-once'] as const)('calls, %s', (guarantee) => {
  test.each(['own', 'shared'] as const)('go our own way, %s connections', async (connections) => {
    const { versions, detour } = await callsThrough(rheaDriver, guarantee, connections);
    expect([versions['rhea messages'], detour]).toEqual(['own codec', null]);
  });

  test.each(['own', 'shared'] as const)('and the public one, %s', async (connections) => {
    const { versions } = await callsThrough(rheaPublicDriver, guarantee, connections);
    expect(versions['rhea messages']).toBe('public API');
  });
});

test.each(members)(
  'a rhea whose %s has another name is told, and every call answered',
  async (member) => {
    const folder = withRenamed('rhea', member);
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    // Not `import`: the copy has to find the library beside itself, as the agent would.
    const load = createRequire(import.meta.url);
    const module: unknown = load(join(folder, 'dist/agents/drivers/rhea/rhea.js'));
    const { rheaDriver: driver } = module as { readonly rheaDriver: Driver<'rhea'> };
    const outcomes = await Promise.all([
      callsThrough(driver, 'at-most-once', 'own'),
      callsThrough(driver, 'at-least-once', 'own'),
    ]);
    for (const [i, { versions, detour }] of outcomes.entries()) {
      // Only what came pre-settled has to be marked so.
      if (member === 'settled' && i === 1) continue;
      expect(detour).toMatch(new RegExp(`differs inside .*: .*\\b${member}\\b`));
      expect(versions['rhea messages']).toBe('public API');
    }
  },
);

test.each(['driver', 'mutant'] as const)(
  'behind 2^32 the %s counts on, or fails as itself and not as the bus',
  async (which) => {
    await using peer = new Peer();
    sendsFrom(peer, 2 ** 32 - 4, 10);
    const folder = withRenamed('rhea', which === 'mutant' ? 'incoming' : 'nothing');
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const module = pathToFileURL(join(folder, 'dist/agents/drivers/rhea/rhea.js')).href;
    const options = {
      run: 'r1',
      process: 'server.paris',
      pattern: 'cast',
      guarantee: 'at-least-once',
      connections: 'own',
      failover: false,
      reconnect: { minMs: 20, maxMs: 100 },
      seed: 1,
      endpoint: plainEndpoint([await peer.url()]),
    };
    const script = `
      import { rheaDriver } from ${JSON.stringify(module)};
      process.on('uncaughtException', (error) => {
        console.log(error.code);
        process.exit(1);
      });
      const signal = AbortSignal.timeout(20_000);
      const session = await rheaDriver.connect(${JSON.stringify(options)}, signal);
      let got = 0;
      const message = () => {
        if (++got < 10) return;
        console.log('all');
        process.exit(0);
      };
      const handler = { message, connection() {} };
      await session.openReceiver(${JSON.stringify(serverPeer)}, handler, signal);
    `;
    const args = ['--input-type=module', '-e', script];
    const { stdout } = await execa(process.execPath, args, { reject: false, timeout: 25_000 });
    expect(stdout).toBe(which === 'mutant' ? 'RHEA_BROKE' : 'all');
  },
);
