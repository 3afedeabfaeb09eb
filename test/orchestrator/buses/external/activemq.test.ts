import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Activemq,
  activemqMissing as missing,
  startActivemq,
} from '../../../helpers/activemq.ts';
import { type Finished, scratchFolder } from '../../../helpers/cli.ts';
import { expectComplete, runForeign } from '../../../helpers/foreign-run.ts';

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

/** 400 operations and 100 of the warm-up; a probe of each of the four clients, perhaps a second one. */
const sent = { atLeast: 504, atMost: 516 };

describe.skipIf(missing !== null)('a real ActiveMQ Classic', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let broker: Activemq;

  beforeAll(async () => {
    folder = await scratchFolder();
    broker = await startActivemq();
    // A cold virtual machine takes seconds for what takes it milliseconds later on.
    const finished = await runOn('warm', ['workload.timeout=10s', 'phases.drain=10s']);
    expect([0, 1, 4], finished.stderr).toContain(finished.code);
  }, 100_000);

  afterAll(async () => {
    await broker?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const runOn = (name: string, sets: readonly string[]): Promise<Finished> => {
    const { url, login } = broker;
    const bus = `protocol: "1.0", url: "${url}"`;
    return runForeign({ folder: folder.path, login, name, sets, bus });
  };

  test.each([
    ['call', 'at-most-once', 'any'],
    ['call', 'at-least-once', 'any'],
    ['call', 'at-most-once', 'one'],
    ['cast', 'at-most-once', 'any'],
    ['cast', 'at-least-once', 'one'],
  ])(
    'carries %s, %s, target %s, and counts what we count',
    async (pattern, guarantee, target) => {
      const name = `${pattern}-${guarantee}-${target}`;
      const before = await broker.counters('Queue');
      const sets = [
        `workload.pattern=${pattern}`,
        `workload.target=${target}`,
        `guarantee=${guarantee}`,
      ];
      const finished = await runOn(name, sets);
      const { secret } = broker;
      const { bus } = await expectComplete(finished, { folder: folder.path, name, secret });
      expect(bus.nodes[0]?.version).toMatch(/^ActiveMQ \d+\.\d+/);
      const queues = [...(await broker.counters('Queue'))].filter(([queue]) => !before.has(queue));
      const sum = (field: 'EnqueueCount' | 'DequeueCount' | 'QueueSize'): number =>
        queues.reduce((all, [, counters]) => all + counters[field], 0);
      expect(sum('QueueSize')).toBe(0);
      expect(sum('DequeueCount')).toBe(sum('EnqueueCount'));
      expect(sum('EnqueueCount')).toBeGreaterThanOrEqual(sent.atLeast);
      expect(sum('EnqueueCount')).toBeLessThanOrEqual(sent.atMost);
    },
    40_000,
  );

  test.each([
    ['fanout', 'at-most-once', []],
    ['fanout', 'at-least-once', []],
    ['notify', 'at-most-once', ['workload.pools=2']],
    ['notify', 'at-least-once', ['workload.pools=2']],
  ] as const)(
    'carries %s, %s, to two, and counts what we count',
    async (pattern, guarantee, more) => {
      const name = `${pattern}-${guarantee}`;
      const before = await broker.counters('Topic');
      const finished = await runOn(name, [
        `workload.pattern=${pattern}`,
        `guarantee=${guarantee}`,
        ...more,
      ]);
      const { secret } = broker;
      await expectComplete(finished, { folder: folder.path, name, secret, copies: 2 });
      const topics = [...(await broker.counters('Topic'))].filter(([topic]) => !before.has(topic));
      expect(topics).toHaveLength(1);
      const [[topic = '', counters] = []] = topics;
      expect(counters?.EnqueueCount).toBeGreaterThanOrEqual(sent.atLeast);
      expect(counters?.EnqueueCount).toBeLessThanOrEqual(sent.atMost);
      const queues = [...(await broker.counters('Queue'))].filter(([queue]) =>
        queue.endsWith(topic),
      );
      const dequeued = queues.map(([, { DequeueCount }]) => DequeueCount);
      const enqueued = counters?.EnqueueCount ?? 0;
      if (pattern === 'fanout') expect(counters?.DequeueCount).toBe(2 * enqueued);
      else expect(dequeued).toEqual([enqueued, enqueued]);
    },
    40_000,
  );

  test('has no kinds of queues, and lets not everybody in', async () => {
    const { url } = broker;
    const bus = `protocol: "1.0", url: "${url}"`;
    const run = { folder: folder.path, login: 'bench:wrong-secret', bus };
    const refused = await runForeign({ ...run, name: 'refused' });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('EXTERNAL_UNREACHABLE');
    expect(refused.stderr).not.toContain('wrong-secret');
    const kinds = await runOn('kinds', ['bus.queues=quorum']);
    expect(kinds.code).toBe(3);
    expect(kinds.stderr).toContain('EXTERNAL_UNFIT');
    expect(kinds.stderr).toContain('ActiveMQ');
  }, 40_000);

  test('takes addresses that the scenario gives', async () => {
    const own = 'busbench.own.{run}.{topic}';
    const addresses = `{ receive: "queue://${own}", send: "queue://${own}", reply: "queue://${own}.r.{client}" }`;
    const finished = await runOn('own', [`bus.addresses=${addresses}`]);
    const { secret } = broker;
    await expectComplete(finished, { folder: folder.path, name: 'own', secret });
    const queues = [...(await broker.counters('Queue'))].filter(([queue]) =>
      queue.startsWith('busbench.own.'),
    );
    expect(queues).toHaveLength(5);
    expect(readFileSync(join(folder.path, 'own', 'scenario.yaml'), 'utf8')).toContain('{client}');
  }, 40_000);
});
