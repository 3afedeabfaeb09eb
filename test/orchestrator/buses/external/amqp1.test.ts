import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, scratchFolder } from '../../../helpers/cli.ts';
import {
  type ForeignRabbitmq,
  foreignRabbitmq,
  foreignRabbitmqMissing as missing,
} from '../../../helpers/foreign-rabbitmq.ts';
import { expectComplete, runForeign } from '../../../helpers/foreign-run.ts';

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

describe.skipIf(missing !== null)("a RabbitMQ of somebody else's, over AMQP 1.0", () => {
  let broker: ForeignRabbitmq;

  beforeAll(async () => {
    broker = await foreignRabbitmq('plugins: [rabbitmq_amqp1_0]');
  }, 80_000);

  afterAll(() => broker?.[Symbol.asyncDispose]());

  const runOn = (bus: string, name: string, sets: readonly string[] = []): Promise<Finished> => {
    const { folder, login } = broker;
    return runForeign({ folder, login, name, sets, bus: `protocol: "1.0", ${bus}` });
  };

  const check = async (finished: Finished, name: string, copies = 1): Promise<void> => {
    const { folder, secret } = broker;
    const { bus } = await expectComplete(finished, { folder, name, secret, copies });
    const [node] = bus.nodes;
    expect(node?.version).toMatch(/^RabbitMQ \d+\.\d+/);
    expect(node?.counters['messagesReady']).toBe(0);
    expect(await broker.foreignNames()).toEqual([]);
  };

  test('answers calls over TLS with a client certificate, of quorum queues', async () => {
    const bus = `url: "${broker.tlsUrl}", ${broker.tls}, queues: quorum`;
    await check(await runOn(bus, 'call', ['guarantee=at-least-once']), 'call');
  }, 40_000);

  test.each([
    ['call', 1, ['workload.target=one']],
    ['cast', 1, ['guarantee=at-least-once']],
    ['fanout', 2, []],
    ['notify', 2, ['workload.pools=2']],
  ] as const)(
    'carries %s, %i copies, %j',
    async (pattern, copies, sets) => {
      const name = `plain-${pattern}`;
      const bus = `url: "${broker.plainUrl}"`;
      await check(await runOn(bus, name, [`workload.pattern=${pattern}`, ...sets]), name, copies);
    },
    40_000,
  );

  test('does not let everybody in, nor at every virtual host', async () => {
    const { folder, plainUrl, login } = broker;
    const bus = `protocol: "1.0", url: "${plainUrl}"`;
    const wrong = await runForeign({ folder, bus, login: 'busbench:wrongsecret', name: 'refused' });
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain('EXTERNAL_UNREACHABLE');
    expect(wrong.stderr).toContain(plainUrl);
    expect(wrong.stderr).not.toContain('wrongsecret');
    const elsewhere = await runForeign({
      folder,
      bus: `protocol: "1.0", url: "${plainUrl}/nowhere"`,
      login,
      name: 'elsewhere',
    });
    expect(elsewhere.code).toBe(3);
    // The broker's own words do not tell a virtual host that is not there from one that is not for this user.
    expect(elsewhere.stderr).toMatch(/does not let us in at virtual host nowhere: .*refused/);
  }, 40_000);

  test('says which address it refuses', async () => {
    const addresses = 'addresses: { receive: /amq/queue/missing, send: /amq/queue/missing }';
    const finished = await runOn(`url: "${broker.plainUrl}", ${addresses}`, 'missing', [
      'workload.pattern=cast',
    ]);
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain('RHEA_OPEN_FAILED');
    expect(finished.stderr).toContain('missing');
  }, 40_000);
});

describe.skipIf(missing !== null)('a RabbitMQ of our own, over AMQP 1.0', () => {
  test.each([
    ['call', 'at-least-once', 1],
    ['fanout', 'at-most-once', 2],
  ] as const)(
    'carries %s, %s',
    async (pattern, guarantee, copies) => {
      await using folder = await scratchFolder();
      const bus = 'protocol: "1.0", plugins: [rabbitmq_amqp1_0]';
      const sets = [`workload.pattern=${pattern}`, `guarantee=${guarantee}`];
      const run = { folder: folder.path, name: pattern, type: 'rabbitmq', login: null, bus, sets };
      const { bus: found } = await expectComplete(await runForeign(run), {
        folder: folder.path,
        name: pattern,
        secret: 'generated',
        copies,
      });
      expect(found.nodes[0]?.counters['messagesReady']).toBe(0);
    },
    60_000,
  );
});
