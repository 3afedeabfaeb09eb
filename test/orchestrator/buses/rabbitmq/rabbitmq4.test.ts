import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseResult } from '../../../../reports/parse.ts';
import type { RunResult } from '../../../../reports/result.ts';
import { driverContract } from '../../../contract/driver.ts';
import { amqplibRigs } from '../../../helpers/amqplib-rig.ts';
import { busbench, scratchFolder } from '../../../helpers/cli.ts';
import { type Deployed, deployRabbitmq, singleNode } from '../../../helpers/rabbitmq.ts';
import { rabbitmq4 } from '../../../helpers/rabbitmq4.ts';

const found = await rabbitmq4();
const missing = 'missing' in found ? found.missing : null;
const home = 'home' in found ? found.home : null;
const env: NodeJS.ProcessEnv = home === null ? {} : { BUSBENCH_RABBITMQ: home };

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

/** Runs three nodes and reads the result. A noisy machine may make it invalid (4): that is no failure here. */
async function resultOf(folder: string, sets: readonly string[]): Promise<RunResult> {
  const common = ['expect=[]', 'phases.measure=4s', 'links.default.delay=10ms'];
  const args = [...common, ...sets].flatMap((set) => ['--set', set]);
  const directory = join(folder, 'result');
  const finished = await busbench(['run', 'rabbitmq-cluster', '-o', directory, ...args], env);
  expect([0, 1, 4], finished.stderr).toContain(finished.code);
  return parseResult(JSON.parse(readFileSync(join(directory, 'result.json'), 'utf8')));
}

describe.skipIf(missing !== null)('RabbitMQ 4', () => {
  test('a cluster answers every call, and says how its replies travel', async () => {
    await using folder = await scratchFolder();
    const { outcome, bus } = await resultOf(folder.path, []);
    expect(outcome.completed).toBe(outcome.due);
    expect([outcome.lost, outcome.lostReplies, outcome.duplicated]).toEqual([0, 0, 0]);
    expect(bus.nodes.map(({ version }) => Number.parseInt(version, 10) >= 4)).toEqual([
      true,
      true,
      true,
    ]);
    expect(bus.declared).toMatchObject({ queues: 'classic, durable', messages: 'transient' });
    expect(bus.nodes[0]?.counters['sockets']).toBeNull();
    expect(bus.unknown?.['sockets']).toContain('has no metric');
  }, 120_000);

  test('the same over AMQP 1.0, which is part of the broker', async () => {
    await using folder = await scratchFolder();
    const { outcome } = await resultOf(folder.path, ['bus.protocol=1.0']);
    expect(outcome.completed).toBe(outcome.due);
    expect([outcome.lost, outcome.lostReplies, outcome.duplicated]).toEqual([0, 0, 0]);
  }, 120_000);

  test('direct replies that ask all nodes are named as what is slow', async () => {
    await using folder = await scratchFolder();
    const result = await resultOf(folder.path, ['bus.reply=direct', 'workload.pace.rate=30/s']);
    const asks = !(result.bus.nodes[0]?.version ?? '').startsWith('4.2');
    const codes = result.verdict.warnings.map(({ code }) => code);
    expect(codes.includes('DIRECT_REPLIES_SLOW')).toBe(asks);
  }, 120_000);

  test('mirrored queues are refused before anything starts', async () => {
    for (const verb of ['plan', 'run']) {
      const finished = await busbench(
        [verb, 'rabbitmq-single', '--set', 'bus.queues=mirrored'],
        env,
      );
      expect(finished.code).toBe(2);
      expect(finished.stderr).toContain('has no mirrored queues (removed in 4.0)');
    }
  });
});

describe.skipIf(missing !== null)('one node of RabbitMQ 4', () => {
  let deployed: Deployed;

  beforeAll(async () => {
    if (home !== null) process.env['BUSBENCH_RABBITMQ'] = home;
    deployed = await deployRabbitmq(singleNode(''), AbortSignal.timeout(60_000));
  });

  afterAll(async () => {
    await deployed?.[Symbol.asyncDispose]();
    delete process.env['BUSBENCH_RABBITMQ'];
  });

  test('room for many connections is known by its open files', async () => {
    const many = ['clients.count=1000'];
    await deployed.variant('many', singleNode(''), many);
    const tooMany = deployed.variant('more', singleNode(''), [
      'clients.count=900000',
      'agents.processes=64',
    ]);
    await expect(tooMany).rejects.toMatchObject({ code: 'RABBITMQ_TOO_FEW_FILES' });
  });

  driverContract('amqplib on RabbitMQ 4', {
    guarantees: ['at-most-once', 'at-least-once'],
    unroutable: ['unroutable'],
    returnsProbes: true,
    burst: { messages: 2000, bytes: 65_536 },
    manyClients: 100,
    even: true,
    setup: amqplibRigs(() => deployed),
  });
});
