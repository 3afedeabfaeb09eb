import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, scenarioFile, scratchFolder, startBusbench } from '../helpers/cli.ts';

// Faults of every kind on real processes. What a stopwatch would show is bounded from below by the scenario; from above
// only loosely, for the machine may be slow. A noisy one may also make a run invalid (4): that is no failure here.

const sites = 'sites: [paris, lyon]\nlinks: { default: { delay: 5ms } }';

async function resultOf(folder: string, yaml: string): Promise<RunResult> {
  const scenario = await scenarioFile(folder, `schema: busbench/scenario/1\nname: faults\n${yaml}`);
  const directory = join(folder, 'result');
  const finished = await busbench(['run', scenario, '-o', directory]);
  expect([0, 4], finished.stderr).toContain(finished.code);
  expect(await finished.leftovers()).toEqual([]);
  return parseResult(JSON.parse(readFileSync(join(directory, 'result.json'), 'utf8')));
}

function expectBalanced({ outcome }: RunResult): void {
  expect(outcome.due).toBe(outcome.completed + outcome.failedTotal);
  expect(outcome.due).toBeGreaterThan(0);
  const failed = Object.values(outcome.failed).reduce((sum, count) => sum + count, 0);
  expect(failed).toBe(outcome.failedTotal);
}

describe('faults on peers and links', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let result: RunResult;

  beforeAll(async () => {
    folder = await scratchFolder();
    result = await resultOf(
      folder.path,
      `${sites}
bus: { type: zeromq }
servers: { count: 4 }
clients: { count: 4, reconnect: { min: 50ms, max: 200ms } }
workload: { pattern: call, topics: 2, pace: { rate: 400/s }, body: 200, timeout: 700ms }
phases: { warmup: 500ms, measure: { afterFaults: 1s, atMost: 50s }, drain: 1s }
faults:
  - { at: 1s, for: 900ms, action: pause, node: server.paris }
  - { after: 1s, action: restart, node: server.lyon }
  - { after: 1s, for: 500ms, action: kill, node: server.paris }
  - { after: 1s, for: 900ms, action: partition, between: [paris, [lyon]], oneWay: true }
  - { after: 1s, for: 600ms, action: degrade, each: link, link: { delay: 100ms } }
  - { after: 1s, action: disconnect, each: client, wait: 100ms }
  - { after: 100ms, action: restart, each: bus-node, optional: true }
  - { at: 2s, action: kill, node: client.lyon }`,
    );
  }, 180_000);
  afterAll(() => folder?.[Symbol.asyncDispose]());

  const group = (entry: number) => {
    const found = result.faultGroups.find((candidate) => candidate.entry === entry);
    if (found === undefined) throw new Error(`no group ${entry}`);
    return found;
  };

  test('each happened in its turn, and lasted as long as it was told to', () => {
    const targets = result.faultGroups.map(({ action, target }) => `${action} ${target}`);
    expect(targets).toEqual([
      'pause server.paris',
      'kill client.lyon',
      'restart server.lyon',
      'kill server.paris',
      'partition paris -> lyon',
      'degrade each link',
      'disconnect each client',
    ]);
    const lengths = [
      [0, 900],
      [3, 900],
      [4, 600],
    ] as const;
    for (const [entry, ms] of lengths) {
      expect(group(entry).mending?.maxMs).toBeGreaterThanOrEqual(ms - 1);
    }
    expect(group(2).mending?.maxMs).toBeGreaterThanOrEqual(500);
    for (const entry of [1, 2, 3, 4, 5]) {
      const before = group(entry - 1).endedAtMs;
      expect(group(entry).startedAtMs - before).toBeGreaterThanOrEqual(999);
    }
    const skipped = result.verdict.warnings.find(({ code }) => code === 'FAULTS_LEFT_OUT');
    expect(skipped?.message).toContain('fault 7, restart each bus-node');
  });

  test('the window ended a second after the last of them', () => {
    const lastMs = Math.max(
      ...result.faults.filter(({ mended }) => mended).map(({ endedAtMs }) => endedAtMs),
    );
    expect(result.workload.measuredMs - lastMs).toBeGreaterThanOrEqual(999);
    // And before the `atMost` of the scenario: nothing was left to wait for.
    expect(result.workload.measuredMs).toBeLessThan(50_000);
  });

  test('what failed is counted, and belongs to what broke', () => {
    expectBalanced(result);
    // Half of the calls go to a server that stands still for longer than the timeout.
    expect(group(0).failed['timeout'] ?? 0).toBeGreaterThan(10);
    expect(group(3).failed['timeout'] ?? 0).toBeGreaterThan(10);
    const [pause] = result.faults;
    expect(pause?.firstFailureMs).toBeLessThan(900);
    expect(result.outcome.duplicated).toBe(0);
  });

  test('a restarted server hands over its books; what killed ones knew is unknown', () => {
    const rows = readFileSync(join(folder.path, 'result', 'peers.csv'), 'utf8').split('\n');
    const row = (peer: string) => rows.filter((line) => line.startsWith(`${peer},`));
    expect(row('server.lyon/1')).toHaveLength(1);
    expect(row('client.lyon/1')).toHaveLength(0);
    // Two clients of four went after 2 s, and their books with them.
    const { due, unknown } = result.outcome;
    expect(due).toBeLessThan(0.6 * 400 * (result.workload.measuredMs / 1e3));
    expect(unknown).toBeGreaterThan(200);
    expect(result.verdict.warnings.map(({ code }) => code)).not.toContain('AGENT_MISSING');
  });

  test('a disconnect lasts until the client is back, which is timed', () => {
    const cut = result.faults.filter(({ entry }) => entry === 5);
    const living = cut.filter(({ target }) => target.startsWith('client.paris'));
    expect(living.length).toBe(2);
    for (const { startedAtMs, endedAtMs, mended } of living) {
      expect(mended).toBe(true);
      expect(endedAtMs - startedAtMs).toBeGreaterThanOrEqual(50);
    }
    expect(result.latencyUs.reconnect?.count ?? 0).toBeGreaterThanOrEqual(living.length);
    expect(group(5).reconnect?.count ?? 0).toBeGreaterThanOrEqual(living.length);
  });
});

describe('faults on bus nodes', () => {
  const proxies = `${sites}
bus: { type: zeromq, mode: proxy }
servers: { count: 2 }
clients: { count: 4, reconnect: { min: 50ms, max: 200ms } }
workload: { pattern: call, pace: { rate: 600/s }, body: 200, timeout: 800ms }`;

  test('pause, kill and restart; all is well afterwards', async () => {
    await using folder = await scratchFolder();
    const result = await resultOf(
      folder.path,
      `${proxies}
phases: { warmup: 500ms, measure: { afterFaults: 4s, atMost: 60s }, drain: 1s }
faults:
  - { at: 5s, for: 500ms, action: pause, node: bus-1 }
  - { after: 500ms, for: 500ms, action: kill, node: bus-2 }
  - { after: 500ms, action: restart, each: bus-node, wait: 500ms }`,
    );
    expectBalanced(result);
    expect(result.faults.map(({ action, target }) => `${action} ${target}`)).toEqual([
      'pause bus-1',
      'kill bus-2',
      'restart bus-1',
      'restart bus-2',
    ]);
    expect(result.faults.every(({ mended }) => mended)).toBe(true);
    expect(result.faultGroups[2]?.reconnect?.count).toBe(4);
    const intervals = readFileSync(join(folder.path, 'result', 'intervals.csv'), 'utf8');
    const rows = intervals
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const over = Math.ceil((result.faults.at(-1)?.endedAtMs ?? 0) / 1e3) + 1;
    const late = rows.filter(([second]) => Number(second) === over);
    expect(late).toHaveLength(2);
    for (const [, site, due, done] of late) expect(done, `${site} at ${over} s`).toBe(due);
  }, 180_000);

  test('one that ends by itself fails the run, though a fault was to end it later', async () => {
    await using folder = await scratchFolder();
    const scenario = await scenarioFile(
      folder.path,
      `schema: busbench/scenario/1\nname: dies\n${proxies}
phases: { warmup: 500ms, measure: 20s, drain: 1s }
faults: [{ at: 15s, action: restart, each: bus-node }]`,
    );
    const directory = join(folder.path, 'result');
    const started = startBusbench(['run', scenario, '-o', directory]);
    await started.said(/measuring, /);
    const [proxy] = childrenOf(started.child.pid ?? 0, 'zeromq/proxy-main');
    process.kill(proxy ?? 0, 'SIGKILL');
    const finished = await started.finished;
    expect(finished.code, finished.stderr).toBe(3);
    expect(finished.stdout + finished.stderr).toContain('BUS_NODE_DIED');
    expect(await finished.leftovers()).toEqual([]);
  }, 120_000);

  test('one that ends by itself before anything is measured is told by name, with its last words', async () => {
    await using folder = await scratchFolder();
    const scenario = await scenarioFile(
      folder.path,
      `schema: busbench/scenario/1\nname: dies\n${proxies}
phases: { warmup: 500ms, measure: 2s, drain: 1s }`,
    );
    const started = startBusbench(['run', scenario, '-o', join(folder.path, 'result')]);
    await started.said(/agents/);
    const [proxy] = childrenOf(started.child.pid ?? 0, 'zeromq/proxy-main');
    process.kill(proxy ?? 0, 'SIGKILL');
    const finished = await started.finished;
    expect(finished.code, finished.stderr).toBe(3);
    expect(finished.stderr).toMatch(/bus node bus-\d at \w+ ended by itself \(SIGKILL\)/);
    expect(finished.stderr).toContain('BUS_NODE_DIED');
    expect(await finished.leftovers()).toEqual([]);
  }, 120_000);

  test('faults that the window has no room for are mended and reported', async () => {
    await using folder = await scratchFolder();
    const result = await resultOf(
      folder.path,
      `${proxies}
phases: { warmup: 500ms, measure: 3s, drain: 1s }
faults:
  - { at: 1s, for: 1h, action: pause, node: bus-1 }
  - { after: 1s, action: restart, each: bus-node }`,
    );
    expectBalanced(result);
    expect(result.faults).toHaveLength(1);
    const [warning] = result.verdict.warnings.filter(({ code }) => code === 'FAULTS_UNFINISHED');
    expect(warning?.message).toContain('fault 1, pause (bus-1 cut short)');
    expect(warning?.message).toContain('fault 2, restart each bus-node (2 of 2 not begun)');
  }, 120_000);
});

/** Pids of the children of a process whose command line has `text` in it. */
function childrenOf(parent: number, text: string): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, up] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return Number(up) === parent && command.includes(text) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
