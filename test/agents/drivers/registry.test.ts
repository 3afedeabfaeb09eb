import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { DriverName } from '../../../agents/drivers/endpoint.ts';
import { loadDriver } from '../../../agents/drivers/registry.ts';
import { programPath } from '../../../orchestrator/processes/program.ts';

test('every driver loads, and nothing else does', async () => {
  for (const name of ['amqplib', 'memory', 'rhea', 'zeromq'] as const) {
    expect(typeof (await loadDriver(name)).connect).toBe('function');
  }
  for (const name of ['rabbitmq', '', 'toString']) {
    await expect(loadDriver(name as DriverName)).rejects.toMatchObject({
      code: 'DRIVER_UNKNOWN',
      message: `driver: expected amqplib, memory, rhea, zeromq, got '${name}'`,
    });
  }
});

test('a native module that will not load breaks its own driver only, and the message helps', async () => {
  const registry = pathToFileURL(programPath('agents/drivers/registry'));
  const script = `
    const { loadDriver } = await import(${JSON.stringify(registry.href)});
    const { code, message, hint } = await loadDriver('zeromq').catch((error) => error);
    const memory = typeof (await loadDriver('memory')).connect;
    console.log(JSON.stringify({ code, message, hint, memory }));`;
  const flags = ['--no-addons', '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 15_000 });
  expect(JSON.parse(stdout)).toEqual({
    code: 'DRIVER_NOT_LOADED',
    message: expect.stringMatching(/^the 'zeromq' driver could not be loaded: ./),
    hint: expect.stringContaining('npm install'),
    memory: 'function',
  });
});
