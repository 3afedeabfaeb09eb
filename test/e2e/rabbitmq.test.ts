import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, type Finished, scratchFolder, startBusbench } from '../helpers/cli.ts';
import { rabbitmqMissing } from '../helpers/rabbitmq.ts';

if (rabbitmqMissing !== null) test(`SKIPPED: ${rabbitmqMissing}`, ({ skip }) => skip());

/** Runs a scenario to its end and reads its result. A noisy machine may make the run invalid (4): that is no failure here. */
async function resultOf(
  folder: string,
  args: readonly string[],
): Promise<{ readonly finished: Finished; readonly result: RunResult }> {
  const directory = join(folder, 'result');
  const finished = await busbench(['run', ...args, '--set', 'expect=[]', '-o', directory]);
  expect([0, 4], finished.stderr).toContain(finished.code);
  const text = readFileSync(join(directory, 'result.json'), 'utf8');
  return { finished, result: parseResult(JSON.parse(text)) };
}

describe.skipIf(rabbitmqMissing !== null)('busbench run rabbitmq-cluster', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let finished: Finished;
  let result: RunResult;

  beforeAll(async () => {
    folder = await scratchFolder();
    const sets = ['phases.measure=5s', 'bus.reply=queue', 'workload.pace.arrivals=constant'];
    const args = sets.flatMap((set) => ['--set', set]);
    ({ finished, result } = await resultOf(folder.path, ['rabbitmq-cluster', ...args]));
  }, 120_000);
  afterAll(() => folder?.[Symbol.asyncDispose]());

  const counted = (name: string): number =>
    result.bus.nodes.reduce((sum, { counters }) => sum + (counters[name] ?? 0), 0);

  test('accounts for every call and leaves nothing behind', async () => {
    const { due, completed, failedTotal, lost } = result.outcome;
    expect(due).toBe(1500);
    expect(completed + failedTotal).toBe(due);
    expect(lost).toBe(0);
    expect(await finished.leftovers()).toEqual([]);
  });

  test('the brokers counted what the agents counted, and are empty', () => {
    const { due } = result.outcome;
    // Warm-up adds 2 s at the same rate, probes and the messages that proved the queues a few more; replies as many.
    const least = 2 * (due + 600);
    expect(counted('delivered')).toBeGreaterThanOrEqual(least);
    expect(counted('delivered')).toBeLessThan(least * 1.3);
    expect(counted('messagesReady') + counted('messagesUnacknowledged')).toBe(0);
    expect(result.bus.nodes.map(({ version }) => version)[0]).toMatch(/Erlang/);
  });

  test('latency is what the links make it: nobody is faster than the crossings of their calls', () => {
    const cell = (client: string, server: string): number =>
      result.locality.matrix.find((c) => c.client === client && c.server === server)?.p50Us ?? 0;
    for (const [client, server] of [
      ['paris', 'lyon'],
      ['lyon', 'nice'],
      ['nice', 'paris'],
    ] as const) {
      expect(cell(client, server)).toBeGreaterThanOrEqual(50_000);
    }
    // The medians of the idle links, as echo measured them.
    for (const link of result.wan.links) expect(link.measured.rttP50Ms).toBeGreaterThanOrEqual(50);
  });

  test('bytes between nodes, by their own count, crossed the emulated WAN', ({ skip }) => {
    const between = result.bus.nodes.flatMap(({ counters }) =>
      Object.entries(counters).flatMap(([name, n]) =>
        name.startsWith('sentToBytes') ? [n ?? 0] : [],
      ),
    );
    if (between.length < 6) return skip(`statistics of ${between.length} of 6 links between nodes`);
    const sum = between.reduce((a, b) => a + b, 0);
    // Theirs count from their start: forming the cluster, declaring, connecting and warming up come on top.
    expect(result.wan.interSiteBytes).toBeGreaterThan(0.25 * sum);
    expect(result.wan.interSiteBytes).toBeLessThan(1.5 * sum);
  });
});

describe.skipIf(rabbitmqMissing !== null)('a node that restarts', () => {
  test('in the middle of the measuring loses nothing of a quorum queue', async () => {
    await using folder = await scratchFolder();
    const sets = [
      'bus.queues=quorum',
      'guarantee=at-least-once',
      'clients.failover=true',
      'links.default.delay=5ms',
      'workload.pace.rate=60/s',
      'workload.pattern=cast',
      'phases.measure=12s',
      'faults=[{ at: 3s, action: restart, node: bus-2 }]',
    ].flatMap((set) => ['--set', set]);
    const { result } = await resultOf(folder.path, ['rabbitmq-cluster', ...sets]);
    const { due, completed, failedTotal, lost } = result.outcome;
    expect(completed + failedTotal).toBe(due);
    expect(lost).toBe(0);
    expect(completed).toBeGreaterThan(due / 2);
    expect(result.faults.map(({ action, target }) => `${action} ${target}`)).toEqual([
      'restart bus-2',
    ]);
  }, 120_000);
});

describe.skipIf(rabbitmqMissing !== null)('an interrupted run', () => {
  for (const [signal, code, when, moment] of [
    ['SIGINT', 130, 'while it deploys', /bus rabbitmq/],
    ['SIGINT', 130, 'while it measures', /measuring, /],
    ['SIGKILL', null, 'while it measures', /measuring, /],
  ] as const) {
    test(`leaves no process after ${signal} ${when}`, async () => {
      await using folder = await scratchFolder();
      const temporary = join(folder.path, 'tmp');
      await mkdir(temporary);
      const args = ['run', 'rabbitmq-single', '-o', join(folder.path, 'result')];
      const started = startBusbench(args, { TMPDIR: temporary });
      await started.said(moment);
      started.child.kill(signal);
      const finished = await started.finished;
      expect(finished.code, finished.stderr).toBe(code);
      expect(await finished.leftovers()).toEqual([]);
      // Whoever is killed cannot remove its files; everyone else does.
      if (signal === 'SIGINT') expect(readdirSync(temporary)).toEqual([]);
    }, 60_000);
  }
});
