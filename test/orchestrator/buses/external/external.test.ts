import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { externalBus } from '../../../../orchestrator/buses/external/external.ts';
import { readSecrets } from '../../../../orchestrator/buses/external/secrets.ts';
import { busMistakes, busWith } from '../../../helpers/buses.ts';
import type { Finished } from '../../../helpers/cli.ts';
import {
  type ForeignRabbitmq,
  foreignRabbitmq,
  foreignRabbitmqMissing as missing,
} from '../../../helpers/foreign-rabbitmq.ts';
import { expectComplete, runForeign } from '../../../helpers/foreign-run.ts';

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

const sites = ['paris', 'lyon'];

function mistakesOf(bus: object): readonly { path: string; message: string }[] {
  return busMistakes('external', bus, sites);
}

describe('options', () => {
  test('one URL for all, or one a site', () => {
    const endpoints = { lyon: ['amqp://[::1]:99', 'amqp://c'] };
    const { options } = busWith('external', { url: 'amqp://a', endpoints }, sites);
    const at = (host: string, port = 5672) => ({ host, port, secure: false, vhost: '/' });
    expect(options.endpoints).toEqual({
      paris: [at('a')],
      lyon: [at('::1', 99), at('c')],
    });
  });

  test('a password in a URL is refused without being repeated', () => {
    const [mistake] = mistakesOf({ url: 'amqp://me:verysecret@host' });
    expect(mistake?.path).toBe('url');
    expect(mistake?.message).toContain('credentials: { env: NAME }');
    expect(JSON.stringify(mistake)).not.toContain('verysecret');
  });

  test('a site without a broker, an unknown site, and mixed kinds of URL are told', () => {
    expect(mistakesOf({ endpoints: { paris: 'amqp://a', nice: 'amqp://b' } })).toEqual([
      { path: 'endpoints.nice', message: 'unknown site; expected one of paris, lyon' },
      { path: '', message: 'expected url, or endpoints for lyon' },
    ]);
    expect(mistakesOf({ url: 'amqp://a', endpoints: { paris: 'amqps://b/v' } })).toEqual([
      {
        path: 'url',
        message:
          'expected one scheme and one virtual host for all URLs; got amqps with v and amqp with /',
      },
    ]);
  });

  test('credentials that are not there are named by their place', async () => {
    const credentials = { env: 'BUSBENCH_TEST_UNSET' };
    const spec = busWith('external', { url: 'amqp://a', credentials }, sites);
    await expect(readSecrets(spec.options)).rejects.toMatchObject({
      code: 'EXTERNAL_SECRETS',
      message: expect.stringContaining('BUSBENCH_TEST_UNSET'),
    });
    const lacks = await externalBus.available(spec);
    expect(lacks?.missing).toContain('BUSBENCH_TEST_UNSET');
  });
});

describe.skipIf(missing !== null)('a broker of somebody else', () => {
  let broker: ForeignRabbitmq;

  beforeAll(async () => {
    broker = await foreignRabbitmq();
  }, 80_000);

  afterAll(() => broker?.[Symbol.asyncDispose]());

  const runOn = (bus: string, login: string, name: string): Promise<Finished> =>
    runForeign({ folder: broker.folder, bus, login, name });

  const check = async (finished: Finished, name: string): Promise<void> => {
    const { folder, secret } = broker;
    const { bus } = await expectComplete(finished, { folder, name, secret });
    expect(bus.nodes.map(({ version }) => version)).toEqual([expect.stringMatching(/^\d+\.\d+/)]);
    expect(await broker.foreignNames()).toEqual([]);
  };

  test('is used over TCP, and has nothing of ours afterwards', async () => {
    await check(await runOn(`url: "${broker.plainUrl}"`, broker.login, 'plain'), 'plain');
  }, 40_000);

  test('is used over TLS with a client certificate', async () => {
    const bus = `url: "${broker.tlsUrl}", ${broker.tls}, queues: quorum`;
    await check(await runOn(bus, broker.login, 'tls'), 'tls');
  }, 40_000);

  test('that does not let us in is named, and the password is not', async () => {
    const bus = `url: "${broker.plainUrl}"`;
    const finished = await runOn(bus, 'busbench:wrongsecret', 'refused');
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain('EXTERNAL_UNREACHABLE');
    expect(finished.stderr).toContain(broker.plainUrl);
    expect(finished.stderr).not.toContain('wrongsecret');
  }, 40_000);

  test('that does not speak AMQP 1.0 says so', async () => {
    const bus = `protocol: "1.0", url: "${broker.plainUrl}"`;
    const finished = await runOn(bus, broker.login, 'old');
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain('EXTERNAL_UNREACHABLE');
    expect(finished.stderr).toContain('AMQP 0-9-1');
  }, 40_000);
});
