import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { vhostPath } from '../../orchestrator/buses/rabbitmq/management.ts';
import { scratchFolder } from './cli.ts';
import { type Deployed, deployRabbitmq, rabbitmqMissing, singleNode } from './rabbitmq.ts';

/** Why there can be no RabbitMQ with TLS here, or null. */
export const foreignRabbitmqMissing: string | null = rabbitmqMissing ?? opensslMissing();

function opensslMissing(): string | null {
  return spawnSync('openssl', ['version']).error === undefined
    ? null
    : 'no openssl found to make certificates with. `apt-get install openssl`';
}

/** A RabbitMQ that a run knows only by its URLs. */
export interface ForeignRabbitmq extends AsyncDisposable {
  readonly deployed: Deployed;
  /** A folder of the test's own. */
  readonly folder: string;
  /** `user:password`, and the password alone. */
  readonly login: string;
  readonly secret: string;
  readonly plainUrl: string;
  /** Wants the client's certificate. */
  readonly tlsUrl: string;
  /** The scenario's `tls:` for that. */
  readonly tls: string;
  /** Queues and exchanges of other runs than the one that the broker was deployed with. */
  foreignNames(): Promise<readonly string[]>;
}

/** `bus` are options of the rabbitmq bus that deploys it. */
export async function foreignRabbitmq(bus = ''): Promise<ForeignRabbitmq> {
  const folder = await scratchFolder();
  makeCertificates(folder.path);
  const tlsPort = await freePort();
  const pem = (name: string): string => join(folder.path, name);
  const config = [
    `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
    `ssl_options.cacertfile = ${pem('ca.pem')}`,
    `ssl_options.certfile = ${pem('server.pem')}`,
    `ssl_options.keyfile = ${pem('server.key')}`,
    'ssl_options.verify = verify_peer',
    'ssl_options.fail_if_no_peer_cert = true',
  ];
  const yaml = singleNode([`config: ${JSON.stringify(config)}`, bus].filter(Boolean).join(', '));
  const deployed = await deployRabbitmq(yaml, AbortSignal.timeout(60_000));
  const [host] = deployed.fabric.hosts;
  if (!host) throw new Error('a fabric without hosts');
  const process = { name: 'x', index: 0, host, clients: [], servers: [] };
  const { endpoint } = await deployed.bus.endpoint(process);
  const { brokers, username, password } = endpoint as unknown as {
    readonly brokers: readonly { readonly host: string; readonly port: number }[];
    readonly username: string;
    readonly password: string;
  };
  return {
    deployed,
    folder: folder.path,
    login: `${username}:${password}`,
    secret: password,
    plainUrl: `amqp://${brokers[0]?.host}:${brokers[0]?.port}`,
    tlsUrl: `amqps://127.0.0.1:${tlsPort}`,
    tls: `tls: { ca: ${pem('ca.pem')}, cert: ${pem('client.pem')}, key: ${pem('client.key')} }`,
    foreignNames: () => foreignNames(deployed),
    async [Symbol.asyncDispose]() {
      await deployed[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function foreignNames({ bus }: Deployed): Promise<readonly string[]> {
  const [node] = bus.nodes;
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
}

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
    const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE'];
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', extension, ...leaf];
    const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`];
    openssl('req', '-x509', ...key, ...signed, ...out);
  }
}

/** A loopback port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
