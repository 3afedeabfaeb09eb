import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Fabric } from '../../../../orchestrator/fabrics/fabric.ts';
import { loopback } from '../../../../orchestrator/fabrics/loopback/loopback.ts';
import type { Host } from '../../../../orchestrator/hosts/host.ts';
import { programPath } from '../../../../orchestrator/processes/program.ts';
import { fabricContract, makeFabric, topologyOf } from '../../../contract/fabric.ts';
import { defined, eventually } from '../../../contract/host.ts';

fabricContract(loopback, { exactTraffic: true });

async function twoSites(): Promise<{
  readonly fabric: Fabric;
  readonly a: Host;
  readonly b: Host;
}> {
  const { fabric, base } = await makeFabric(loopback, topologyOf(['a', 'b']));
  onTestFinished(async () => {
    await fabric[Symbol.asyncDispose]();
    await rm(base, { recursive: true, force: true });
  });
  const [a, b] = fabric.hosts.map(defined) as [Host, Host];
  return { fabric, a, b };
}

test('loss is refused by the path it stands at, and so are machines', () => {
  const topology = topologyOf(['a', 'b'], { 'b>a': { lossPercent: 0.1 } });
  const [mistake, ...others] = loopback.refuse(topology);
  expect(others).toEqual([]);
  expect(mistake?.message).toBe(
    'a TCP relay cannot lose packets (b to a: 0.1 %); use fabric: namespaces',
  );
  const machine = {
    name: 'a',
    hosts: [{ ssh: 'a.example', address: null, node: null, options: [] }],
  };
  expect(loopback.refuse({ sites: [machine], links: [] })).toHaveLength(1);
  expect(loopback.refuse(topologyOf(['a', 'b']))).toEqual([]);
});

test('a later loss is refused too', async () => {
  const { fabric } = await twoSites();
  await expect(fabric.shape('a', 'b', { lossPercent: 1 })).rejects.toMatchObject({
    code: 'LOOPBACK_NO_LOSS',
  });
});

test('relays keep the port and show both sites in the address', async () => {
  const { fabric, a, b } = await twoSites();
  expect(b.address).toMatch(/^127\.\d+\.2\.1$/);
  const { address, port } = await fabric.route(a, b, 15672);
  expect(address).toMatch(/^127\.\d+\.1\.2$/);
  expect(port).toBe(15672);
});

test('a relay takes its port only between route and unroute', async () => {
  const { fabric, a, b } = await twoSites();
  const listenEverywhere = async (port: number): Promise<number> => {
    const server = createServer().listen(port, '0.0.0.0');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  const port = await listenEverywhere(0);
  await fabric.route(a, b, port);
  await expect(listenEverywhere(port)).rejects.toThrow('EADDRINUSE');
  await fabric.unroute(a, b, port);
  await fabric.unroute(a, b, port);
  await listenEverywhere(port);
});

test('after dispose the relays are gone and their ports are free', async () => {
  const { fabric, a, b } = await twoSites();
  const { address, port } = await fabric.route(a, b, 15673);
  await fabric[Symbol.asyncDispose]();
  const server = createServer().listen(port, address);
  await once(server, 'listening');
  server.close();
});

test.skipIf(process.platform !== 'linux')('kill -9 of us takes the relay along', async () => {
  const base = await mkdtemp(join(tmpdir(), 'busbench-loopback-'));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const file = JSON.stringify(programPath('orchestrator/fabrics/loopback/loopback'));
  const run = JSON.stringify({ runId: 'killed', scratch: base, logs: base });
  const script = `import { loopback } from ${file};
    const topology = { sites: [{ name: 'a', hosts: [] }], links: [] };
    const fabric = await loopback.make(topology, ${run}, new AbortController().signal);
    console.log(fabric.processes[0].process.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  expect(existsSync(`/proc/${line}`)).toBe(true);
  parent.kill('SIGKILL');
  await eventually(() => !existsSync(`/proc/${line}`));
});

test('a port that another program holds is named', async () => {
  const { fabric, a, b } = await twoSites();
  const taken = createServer().listen(0, '0.0.0.0');
  await once(taken, 'listening');
  onTestFinished(() => {
    taken.close();
  });
  const port = (taken.address() as { port: number }).port;
  await expect(fabric.route(a, b, port)).rejects.toMatchObject({
    code: 'LOOPBACK_ROUTE_FAILED',
    message: expect.stringContaining(`:${port}`),
    hint: expect.stringContaining('ss -ltnp'),
  });
});

test('a killed relay is said so, in every later call', async () => {
  const { fabric, a, b } = await twoSites();
  const relay = defined(fabric.processes[0]).process;
  const pending = fabric.measure(1_000_000, new AbortController().signal);
  await relay.signal('SIGKILL');
  await relay.exited;
  await expect(fabric.route(a, b, 1)).rejects.toMatchObject({
    code: 'LOOPBACK_RELAY_ENDED',
    message: expect.stringContaining('SIGKILL'),
  });
  await expect(fabric.traffic()).rejects.toMatchObject({ code: 'LOOPBACK_RELAY_ENDED' });
  await expect(pending).rejects.toThrow();
});

test('a quiet fabric has no troubles to tell', async () => {
  const { fabric } = await twoSites();
  expect((await fabric.troubles()).map(({ code }) => code)).not.toContain('RELAY_WINDOW');
});

test.skipIf(process.platform !== 'linux')(
  'a receiver that does not read holds the sender back',
  async () => {
    const { fabric, a, b } = await twoSites();
    const held: Socket[] = [];
    const server = createServer((socket) => held.push(socket.pause())).listen(0, b.address);
    await once(server, 'listening');
    const { address, port } = await fabric.route(a, b, (server.address() as AddressInfo).port);
    const floodBytes = 256 * 1024 * 1024;
    const client = connect(port, address);
    client.write(Buffer.alloc(floodBytes));
    await sleep(1_500);
    expect(client.writableLength).toBeGreaterThan(0);
    const relay = defined(fabric.processes[0]);
    const sample = defined((await relay.host.sample([relay.process.pid]))[0]);
    expect(sample.rssBytes).toBeLessThan(floodBytes);
    for (const socket of [client, ...held]) socket.destroy();
    server.close();
  },
);

test('many connections at once share one relay and stay apart', async () => {
  const { fabric, a, b } = await twoSites();
  await fabric.shape('a', 'b', { delayMs: 10 });
  const server = createServer((socket) => socket.pipe(socket)).listen(0, b.address);
  await once(server, 'listening');
  const { address, port } = await fabric.route(a, b, (server.address() as AddressInfo).port);
  const echoes = Array.from({ length: 200 }, async (_, i) => {
    const socket = connect(port, address);
    socket.end(`${i}`.padStart(1_000, '.'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return Number(text.slice(-4).replaceAll('.', ''));
  });
  expect(await Promise.all(echoes)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  server.close();
});
