import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { externalNotation, parseExternal } from '../../../orchestrator/buses/external/options.ts';
import { readSecrets } from '../../../orchestrator/buses/external/secrets.ts';
import { externalBus } from '../../../orchestrator/buses/external.ts';
import { vhostPath } from '../../../orchestrator/buses/rabbitmq/management.ts';
import { parseResult } from '../../../reports/schema.ts';
import { busbench, type Finished, scenarioFile, scratchFolder } from '../../helpers/cli.ts';
import {
  type Deployed,
  deployRabbitmq,
  rabbitmqMissing,
  singleNode,
} from '../../helpers/rabbitmq.ts';

const opensslMissing =
  spawnSync('openssl', ['version']).error === undefined
    ? null
    : 'no openssl found to make certificates with. `apt-get install openssl`';
const missing = rabbitmqMissing ?? opensslMissing;

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

const sites = ['paris', 'lyon'];

function mistakesOf(bus: object): readonly { path: string; message: string }[] {
  const parsed = parseExternal({ type: 'external', ...bus }, sites);
  return 'mistakes' in parsed ? parsed.mistakes : [];
}

describe('options', () => {
  test('one URL for all, or one a site', () => {
    const parsed = parseExternal(
      { type: 'external', url: 'amqp://a', endpoints: { lyon: ['amqp://[::1]:99', 'amqp://c'] } },
      sites,
    );
    const at = (host: string, port = 5672) => ({ host, port, secure: false, vhost: '/' });
    expect('options' in parsed && parsed.options.brokers).toEqual({
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
    const parsed = parseExternal(
      { type: 'external', url: 'amqp://a', credentials: { env: 'BUSBENCH_TEST_UNSET' } },
      sites,
    );
    if (!('options' in parsed)) throw new Error('unexpected mistakes');
    await expect(readSecrets(parsed.options)).rejects.toMatchObject({
      code: 'EXTERNAL_SECRETS',
      message: expect.stringContaining('BUSBENCH_TEST_UNSET'),
    });
    const options = externalNotation(parsed.options);
    const lacks = await externalBus.available({ type: 'external', nodes: [], options });
    expect(lacks?.missing).toContain('BUSBENCH_TEST_UNSET');
  });
});

describe.skipIf(missing !== null)('a broker of somebody else', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let deployed: Deployed;
  let login: string;
  let secret: string;
  let plainUrl: string;
  let tlsPort: number;

  beforeAll(async () => {
    folder = await scratchFolder();
    makeCertificates(folder.path);
    tlsPort = await freePort();
    const pem = (name: string): string => join(folder.path, name);
    const config = [
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.cacertfile = ${pem('ca.pem')}`,
      `ssl_options.certfile = ${pem('server.pem')}`,
      `ssl_options.keyfile = ${pem('server.key')}`,
      'ssl_options.verify = verify_peer',
      'ssl_options.fail_if_no_peer_cert = true',
    ];
    const yaml = singleNode(`config: ${JSON.stringify(config)}`);
    deployed = await deployRabbitmq(yaml, AbortSignal.timeout(60_000));
    const [host] = deployed.fabric.hosts;
    if (!host) throw new Error('a fabric without hosts');
    const process = { name: 'x', index: 0, host, clients: [], servers: [] };
    const { endpoint } = await deployed.bus.endpoint(process);
    const { brokers, username, password } = endpoint as unknown as {
      readonly brokers: readonly { readonly host: string; readonly port: number }[];
      readonly username: string;
      readonly password: string;
    };
    secret = password;
    login = `${username}:${password}`;
    plainUrl = `amqp://${brokers[0]?.host}:${brokers[0]?.port}`;
  }, 80_000);

  afterAll(async () => {
    await deployed?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const runOn = async (bus: string, loginText: string, name: string): Promise<Finished> => {
    const file = await scenarioFile(
      folder.path,
      `
schema: busbench/scenario/1
name: test
sites: [paris]
bus: { type: external, credentials: { env: BUSBENCH_TEST_LOGIN }, ${bus} }
servers: { count: 2 }
clients: { count: 4 }
workload: { pattern: call, pace: { rate: 200/s }, body: 256, timeout: 1s }
phases: { warmup: 500ms, measure: 2s, drain: 1s }
`,
    );
    const args = ['run', file, '-o', join(folder.path, name)];
    return busbench(args, { BUSBENCH_TEST_LOGIN: loginText });
  };

  /** Names of other runs than the one that the broker was deployed with. */
  const foreignNames = async (): Promise<readonly string[]> => {
    const [node] = deployed.bus.nodes;
    const names: string[] = [];
    for (const kind of ['queues', 'exchanges']) {
      const path = `${vhostPath(kind)}?columns=name`;
      const signal = AbortSignal.timeout(5000);
      const found = await node?.spec.management.send('GET', path, null, signal);
      names.push(...(found as readonly { name: string }[]).map((entry) => entry.name));
    }
    const [own] = names.filter((name) => name.startsWith('busbench.t'));
    const prefix = own?.split('.').slice(0, 2).join('.') ?? 'none';
    return names.filter((name) => name.startsWith('busbench.') && !name.startsWith(prefix));
  };

  const check = async (finished: Finished, name: string): Promise<void> => {
    expect([0, 4], finished.stderr).toContain(finished.code);
    const directory = join(folder.path, name);
    const result = parseResult(JSON.parse(readFileSync(join(directory, 'result.json'), 'utf8')));
    expect(result.outcome).toMatchObject({ due: 400, completed: 400, lost: 0 });
    expect(result.bus.nodes.map(({ version }) => version)).toEqual([
      expect.stringMatching(/^\d+\.\d+/),
    ]);
    expect(await foreignNames()).toEqual([]);
    for (const file of filesBelow(directory)) {
      expect(readFileSync(file, 'latin1').includes(secret), file).toBe(false);
    }
    expect(finished.stdout + finished.stderr).not.toContain(secret);
    expect(await finished.leftovers()).toEqual([]);
  };

  test('is used over TCP, and has nothing of ours afterwards', async () => {
    await check(await runOn(`url: "${plainUrl}"`, login, 'plain'), 'plain');
  }, 40_000);

  test('is used over TLS with a client certificate', async () => {
    const pem = (name: string): string => join(folder.path, name);
    const tls = `tls: { ca: ${pem('ca.pem')}, cert: ${pem('client.pem')}, key: ${pem('client.key')} }`;
    const url = `url: "amqps://127.0.0.1:${tlsPort}"`;
    await check(await runOn(`${url}, ${tls}, queues: quorum`, login, 'tls'), 'tls');
  }, 40_000);

  test('that does not let us in is named, and the password is not', async () => {
    const finished = await runOn(`url: "${plainUrl}"`, 'busbench:wrongsecret', 'refused');
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain('EXTERNAL_UNREACHABLE');
    expect(finished.stderr).toContain(plainUrl);
    expect(finished.stderr).not.toContain('wrongsecret');
  }, 40_000);
});

/** A certificate authority, a server for 127.0.0.1 and a client, as PEM files. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test ca');
  for (const [name, extension] of [
    ['server', 'subjectAltName=IP:127.0.0.1'],
    ['client', 'extendedKeyUsage=clientAuth'],
  ] as const) {
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', extension];
    const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`];
    openssl('req', '-x509', ...key, ...signed, ...out);
  }
}

function filesBelow(directory: string): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
