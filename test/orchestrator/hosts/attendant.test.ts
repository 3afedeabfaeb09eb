import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from '../../../orchestrator/buses/rabbitmq/gateway-client.ts';
import type { GatewayCalls } from '../../../orchestrator/buses/rabbitmq/gateway-protocol.ts';
import { Attendant } from '../../../orchestrator/hosts/attendant.ts';
import { CallError, CallLine } from '../../../orchestrator/hosts/calls.ts';
import type { Host } from '../../../orchestrator/hosts/host.ts';
import { localHost } from '../../../orchestrator/hosts/local.ts';

let place = '';
let host: Host;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'busbench-attendant-'));
  host = await localHost({ name: 'here', site: 'here', address: '127.0.0.1', directory: place });
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

/** The gateway stands for any program: it answers calls, and refuses some. */
function start(answerMs = 20_000): Promise<Attendant<GatewayCalls>> {
  return Attendant.start<GatewayCalls>(host, {
    program: 'orchestrator/buses/rabbitmq/gateway',
    logFile: join(place, 'program.log'),
    answerMs,
    failed: ({ how, silent, pid }) => new Error(`${silent ? 'silent' : 'gone'} ${pid}: ${how}`),
  });
}

describe('a program that stands by', () => {
  it('answers overlapping calls, each its own, and ends with its owner', async () => {
    const program = await start();
    const counts = [1, 5, 2, 4, 3];
    const answers = counts.map((count) => program.ask('ports', { count }));
    expect((await Promise.all(answers)).map((ports) => ports.length)).toEqual(counts);
    // As when its owner is killed.
    program.process.stdin?.end();
    expect(await program.process.exited).toEqual({ code: 0, signal: null });
    await program[Symbol.asyncDispose]();
  });

  it('refuses in its own words, and goes on', async () => {
    await using program = await start();
    const [port = 0] = await program.ask('ports', { count: 1 });
    const ask = { host: '127.0.0.1', port, method: 'GET', path: '/', auth: 'a:b', body: null };
    const refused = program.ask('http', ask);
    await expect(refused).rejects.toThrow(CallError);
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await program.ask('epmd', { port })).toBeNull();
  });

  it('fails what it leaves open and what comes later when it is gone', async () => {
    await using program = await start();
    const { pid } = program.process;
    await program.process.signal('SIGSTOP');
    const open = program.ask('ports', { count: 1 });
    await program.process.signal('SIGKILL');
    await expect(open).rejects.toThrow(`gone ${pid}: it ended by SIGKILL`);
    await expect(program.ask('ports', { count: 1 })).rejects.toThrow('it ended by SIGKILL');
  });

  it('fails a call that takes too long, by its own bound or that of all', async () => {
    await using program = await start(200);
    const { pid } = program.process;
    await program.process.signal('SIGSTOP');
    const silent = (seconds: number): string =>
      `silent ${pid}: it did not answer 'ports' within ${seconds} s`;
    const ask = { count: 1 };
    await expect(program.ask('ports', ask)).rejects.toThrow(silent(0.2));
    await expect(program.ask('ports', ask, { ms: 50 })).rejects.toThrow(silent(0.05));
  });

  it('lets a caller stop waiting, and asks nothing for one who has', async () => {
    await using program = await start();
    await program.process.signal('SIGSTOP');
    const caller = new AbortController();
    const asked = program.ask('ports', { count: 1 }, { signal: caller.signal });
    caller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    const later = program.ask('ports', { count: 1 }, { signal: caller.signal });
    await expect(later).rejects.toThrow('enough');
  });

  it('is of no use once it has said something that is no answer', async () => {
    const child = await host.spawn(['/bin/sh', '-c', 'echo Segmentation fault; sleep 60'], {
      stdio: 'pipe',
      logFile: join(place, 'garbage.log'),
    });
    const line = new CallLine<GatewayCalls>(child, 'the shell', (how) => new Error(`lost: ${how}`));
    await expect(line.request('ports', { count: 1 })).rejects.toThrow(
      "lost: expected the shell to say one JSON object a line, got 'Segmentation fault'",
    );
    await child.end(0);
  });

  it('tells by its owner what is wrong: the gateway by its codes', async () => {
    const gateway = await startGateway(host, join(place, 'gateway.log'));
    await gateway.process.signal('SIGSTOP');
    await expect(gateway.ask('ports', { count: 1 }, { ms: 50 })).rejects.toMatchObject({
      code: 'RABBITMQ_GATEWAY_SILENT',
    });
    await gateway.process.signal('SIGKILL');
    await gateway.process.exited;
    await expect(gateway.ask('ports', { count: 1 })).rejects.toMatchObject({
      code: 'RABBITMQ_GATEWAY_ENDED',
    });
  });
});
