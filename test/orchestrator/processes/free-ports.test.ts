import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePorts, takenPorts } from '../../../orchestrator/processes/free-ports.ts';

it('finds ports that differ, are free, and are given to no outgoing connection', async () => {
  const ports = await freePorts('127.0.0.1', 40);
  expect(new Set(ports).size).toBe(40);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  for (const port of ports) {
    const server = createServer().listen({ host: '127.0.0.1', port });
    await once(server, 'listening');
    server.close();
  }
});

it('rejects where nothing can be listened at', async () => {
  // An address of documentation (RFC 5737), which no machine has.
  await expect(freePorts('192.0.2.1', 1)).rejects.toThrow('no 1 free ports');
});

it('tells which of some ports are taken', async () => {
  const [one = 0, other = 0, third = 0] = await freePorts('127.0.0.1', 3);
  const server = createServer().listen({ host: '127.0.0.1', port: other });
  await once(server, 'listening');
  expect(await takenPorts('127.0.0.1', [one, other, third])).toEqual([other]);
  server.close();
});
