import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, scenarioFile, scratchFolder } from '../helpers/cli.ts';
import { namespacesMissing } from '../helpers/namespaces.ts';
import { rabbitmqMissing } from '../helpers/rabbitmq.ts';

if (namespacesMissing !== null) test(`SKIPPED: ${namespacesMissing}`, ({ skip }) => skip());

/** Runs a scenario to its end; a noisy machine may make the run invalid (4), nothing else is acceptable. */
async function resultOf(scenario: string, ...sets: string[]): Promise<RunResult> {
  await using folder = await scratchFolder();
  const out = join(folder.path, 'out');
  const flags = ['expect=[]', ...sets].flatMap((set) => ['--set', set]);
  const { code, stderr, leftovers } = await busbench(['run', scenario, '-o', out, ...flags]);
  expect([0, 4], stderr).toContain(code);
  expect(await leftovers()).toEqual([]);
  return parseResult(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')));
}

/** Every operation and every message has one fate. */
function expectBalanced({ outcome }: RunResult): void {
  expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
  expect(outcome.duplicated).toBe(0);
  expect(outcome.unknown).toBe(0);
}

const rttMs = (result: RunResult, from: string, to: string): number => {
  const delay = (a: string, b: string): number =>
    result.scenario.links.find((link) => link.from === a && link.to === b)?.delayMs ?? 0;
  return delay(from, to) + delay(to, from);
};

describe.skipIf(namespacesMissing !== null)('a run in namespaces', () => {
  test('agrees with the same run on loopback, and knows the bytes inside its sites', async () => {
    const short = ['phases.warmup=500ms', 'phases.measure=4s', 'workload.pace.rate=200/s'];
    const onLoopback = await resultOf('quickstart', ...short);
    const inNamespaces = await resultOf('quickstart', ...short, 'fabric=namespaces');
    for (const result of [onLoopback, inNamespaces]) {
      expectBalanced(result);
      expect(result.outcome.failedTotal).toBe(0);
    }
    for (const { client, server, count, p50Us } of inNamespaces.locality.matrix) {
      const other = onLoopback.locality.matrix.find(
        (cell) => cell.client === client && cell.server === server,
      );
      expect(count).toBe(other?.count);
      const requestedMs = rttMs(inNamespaces, client, server);
      expect((p50Us ?? 0) / 1e3).toBeGreaterThanOrEqual(requestedMs);
      expect((other?.p50Us ?? 0) / 1e3).toBeGreaterThanOrEqual(requestedMs);
    }
    const { wan } = inNamespaces;
    expect(onLoopback.wan.interSiteRatio).toBeNull();
    // Two calls of three leave their site.
    expect(wan.interSiteRatio).toBeGreaterThan(0.55);
    expect(wan.interSiteRatio).toBeLessThan(0.75);
    expect(inNamespaces.environment.versions).toMatchObject({
      backEnd: expect.stringMatching(/^(netem|nfqueue)$/),
      'net.ipv4.tcp_congestion_control': expect.stringMatching(/^(cubic|reno)$/),
    });
  }, 90_000);

  test('a partition fails what crosses it, nothing else, and every message is accounted for', async () => {
    await using folder = await scratchFolder();
    const file = await scenarioFile(
      folder.path,
      `
schema: busbench/scenario/1
name: partition
sites: [paris, lyon, nice]
fabric: namespaces
links: { default: { delay: 5ms } }
bus: { type: zeromq }
servers: { count: 3 }
clients: { count: 9 }
workload: { pattern: call, pace: { rate: 90/s }, body: 256, timeout: 1s }
phases: { warmup: 1s, measure: 16s, drain: 4s }
faults:
  - { at: 3s, for: 10s, action: partition, between: [paris, lyon] }
`,
    );
    const result = await resultOf(file);
    const { outcome, faults } = result;
    expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
    // Clients of paris whose turn is lyon's, and the other way round: two ninths of 10 s, 1 s less or more at the ends.
    expect(outcome.failedTotal).toBeGreaterThan(0.15 * 900);
    expect(outcome.failedTotal).toBeLessThan(0.35 * 900);
    expect(outcome.unknown).toBe(0);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.startedAtMs).toBeGreaterThanOrEqual(3_000);
    expect((faults[0]?.endedAtMs ?? 0) - (faults[0]?.startedAtMs ?? 0)).toBeGreaterThan(9_900);
  }, 90_000);

  if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

  test.skipIf(rabbitmqMissing !== null)(
    'a RabbitMQ cluster of three sites, 25 ms apart each way',
    async () => {
      const sets = ['fabric=namespaces', 'workload.pace.rate=90/s', 'phases.measure=5s'];
      const result = await resultOf('rabbitmq-cluster', ...sets);
      expectBalanced(result);
      expect(result.outcome.failedTotal).toBe(0);
      expect(result.bus.nodes.map(({ site }) => site)).toEqual(['paris', 'lyon', 'nice']);
      for (const { client, server, p50Us } of result.locality.matrix) {
        // Null where a noisy cluster left too few samples for a median.
        if (client !== server && p50Us !== null) expect(p50Us / 1e3).toBeGreaterThanOrEqual(50);
      }
      for (const { measured } of result.wan.links) {
        expect(measured.rttMinMs).toBeGreaterThanOrEqual(50);
        expect(measured.lossPercent).toBe(0);
      }
      expect(result.wan.interSiteRatio).toBeGreaterThan(0.1);
    },
    120_000,
  );
});
