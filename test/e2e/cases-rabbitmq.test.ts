import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRecord } from '../../reports/read.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, type Finished, scratchFolder } from '../helpers/cli.ts';
import { endpointAt } from '../helpers/endpoint.ts';
import { type Deployed, deployRabbitmq, rabbitmqMissing, singleNode } from '../helpers/rabbitmq.ts';

// Inputs that people came with for a broker of theirs: RabbitMQ with AMQP 1.0 and messages of 16 MiB at most.

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

const cases = join(import.meta.dirname, '..', 'fixtures', 'cases');

describe.skipIf(rabbitmqMissing !== null)('on RabbitMQ', () => {
  let deployed: Deployed;
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let url = '';
  let login = '';
  /** Of the last run. */
  let results = '';
  let runs = 0;

  beforeAll(async () => {
    folder = await scratchFolder();
    const options = 'plugins: [rabbitmq_amqp1_0], config: ["max_message_size = 16777216"]';
    deployed = await deployRabbitmq(singleNode(options), AbortSignal.timeout(60_000));
    const { bus, fabric } = deployed;
    const { brokers, username, password } = await endpointAt(bus, fabric.hosts[0], 'amqplib');
    url = `amqp://${brokers[0]?.host}:${brokers[0]?.port}`;
    login = `${username}:${password}`;
  });

  afterAll(async () => {
    await deployed?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  /** The case on our broker, at this virtual host of it. */
  function run(
    name: string,
    to: string,
    sets: readonly string[],
    credentials = login,
  ): Promise<Finished> {
    const all = [`bus.url=${url}${to}`, ...sets].flatMap((set) => ['--set', set]);
    results = join(folder.path, `${name}-${++runs}`);
    const args = ['run', join(cases, `${name}.yaml`), ...all, '-o', results];
    return busbench(args, { U: credentials, A: credentials });
  }

  const lastResult = async (): Promise<RunResult> => (await readRecord(results)).result;

  test.each(['message-too-large', 'message-too-large-cast', 'message-too-large-amqp1'])(
    '%s: refused, in the words of the broker, in every report',
    async (name) => {
      const finished = await run(name, '', []);
      // Nothing completed: an expectation is missed, on a busy machine beside an invalid run.
      expect([1, 4], finished.stderr).toContain(finished.code);
      const words = 'message size 20000000 is larger than configured max size 16777216';
      const { outcome, verdict } = await lastResult();
      expect(outcome.due).toBeGreaterThan(0);
      expect(outcome).toMatchObject({ completed: 0, delivered: 0, lost: 0, duplicated: 0 });
      expect(outcome.failedTotal).toBe(outcome.due);
      const { refused = {}, ...others } = outcome.reasons;
      expect(Object.keys(refused)).toEqual([expect.stringContaining(words)]);
      expect(Object.values(refused)).toEqual([outcome.failed['refused']]);
      // At most what waited for a connection too long on a slow machine.
      expect(Object.keys(others).filter((one) => one !== 'unsent')).toEqual([]);
      const many = verdict.warnings.find(({ code }) => code === 'MANY_FAILED');
      expect(many?.message).toContain(words);
      expect(finished.stdout.replaceAll(/\s+/g, ' ')).toContain(words);
      const log = readFileSync(join(results, 'logs', 'client.paris.log'), 'utf8');
      expect(log).toContain(words);
      for (const format of ['markdown', 'html', 'csv', 'openmetrics', 'json']) {
        const report = await busbench(['report', results, '--format', format]);
        expect(report.stdout.replaceAll('\\', ''), format).toContain(words);
      }
      expect(await finished.leftovers()).toEqual([]);
    },
    120_000,
  );

  test.each([
    ['a carriage return', ''],
    ['a byte order mark and a carriage return', '\uFEFF'],
  ])(
    'credentials-crlf: a file with %s works',
    async (_, mark) => {
      const file = join(folder.path, 'cred-crlf');
      writeFileSync(file, `${mark}${login}\r\n`);
      const finished = await run('credentials-crlf', '', [`bus.credentials.file=${file}`]);
      expect([0, 4], finished.stderr).toContain(finished.code);
      expect((await lastResult()).outcome).toMatchObject({
        due: 20,
        completed: 20,
      });
    },
    60_000,
  );

  describe('password-not-ascii-amqp1', () => {
    const name = 'password-not-ascii-amqp1';
    const secret = 'pässé→word';

    beforeAll(async () => {
      const [node] = deployed.bus.nodes;
      const put = (path: string, body: unknown) =>
        node?.spec.management.send('PUT', path, body, AbortSignal.timeout(10_000));
      await put('/vhosts/my%2Fvhost', {});
      await put('/users/zoe', { password: secret, tags: '' });
      const all = { configure: '.*', write: '.*', read: '.*' };
      await put('/permissions/my%2Fvhost/zoe', all);
    });

    test.each(['1.0', '0-9-1'])(
      'works over AMQP %s',
      async (protocol) => {
        const finished = await run(
          name,
          '/my%2Fvhost',
          [`bus.protocol="${protocol}"`],
          `zoe:${secret}`,
        );
        expect([0, 4], finished.stderr).toContain(finished.code);
        expect((await lastResult()).outcome).toMatchObject({ due: 40, completed: 40 });
      },
      60_000,
    );

    test.each(['1.0', '0-9-1'])(
      'a virtual host that is not there is named over AMQP %s',
      async (protocol) => {
        const finished = await run(name, '/nope', [`bus.protocol="${protocol}"`], `zoe:${secret}`);
        expect(finished.code).toBe(3);
        expect(finished.stderr).toContain('does not let us in at virtual host nope: ');
        expect(finished.stderr).toContain('[EXTERNAL_UNREACHABLE]');
        expect(finished.stderr).not.toContain(secret);
      },
      60_000,
    );
  });
});
