import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, scenarioFile, scratchFolder } from '../helpers/cli.ts';

/** The checks of a sceptic: what the tool says against what we know from outside. */
describe('numbers that we know beforehand', () => {
  it('shows a relay delay of 25 ms as 50 ms in calls', async () => {
    const result = await measure(`
      sites: [paris, lyon]
      links: { default: { delay: 25ms } }
      bus: { type: zeromq }
      servers: { count: 1, placement: { paris: 1 } }
      clients: { count: 8, placement: { lyon: 8 } }
      workload: { pattern: call, pace: { rate: 200/s }, timeout: 2s }
      phases: { warmup: 1s, measure: 4s, drain: 2s }`);
    const { service, requestLeg, replyLeg } = result.latencyUs;
    expect(service.min).toBeGreaterThanOrEqual(50_000);
    // The quickest of hundreds: a busy machine adds to any one of them, not to all.
    expect(service.min).toBeLessThan(60_000);
    expect(requestLeg?.min).toBeGreaterThanOrEqual(25_000);
    expect(replyLeg?.min).toBeGreaterThanOrEqual(25_000);
  }, 60_000);

  it('shows a stop of the only server in response p99, not in service p50', async () => {
    const result = await measure(`
      sites: [paris, lyon]
      links: { default: { delay: 5ms } }
      bus: { type: zeromq }
      servers: { count: 1, placement: { paris: 1 } }
      clients: { count: 10, placement: { lyon: 10 } }
      workload: { pattern: call, pace: { rate: 200/s }, timeout: 5s }
      phases: { warmup: 1s, measure: 8s, drain: 6s }
      faults: [ { at: 3s, for: 1400ms, action: pause, node: server.paris } ]`);
    const { response, service } = result.latencyUs;
    // 1.4 s of 8 s: 17.5 % of operations wait between 0 and 1.4 s, so p99 is near 1.4 s * (1 - 1/17.5).
    expect(response.p99).toBeGreaterThan(1_200_000);
    expect(response.max).toBeGreaterThan(1_390_000);
    expect(service.p50).toBeLessThan((response.p99 ?? 0) / 2);
    const [fault] = result.faults;
    const lengthMs = (fault?.endedAtMs ?? 0) - (fault?.startedAtMs ?? 0);
    expect(lengthMs).toBeGreaterThanOrEqual(1_399);
    expect(result.outcome.failedTotal).toBe(0);
  }, 60_000);

  it('waits out the drain for replies that come after their deadline', async () => {
    const result = await measure(
      `
      sites: [here]
      bus: { type: memory }
      servers: { count: 1 }
      clients: { count: 2 }
      workload: { pattern: call, pace: { rate: 50/s }, hold: 1500ms, timeout: 100ms }
      phases: { warmup: 0s, measure: 1s, drain: 3s }`,
      true,
    );
    const { due, completed, failed, late, lostReplies } = result.outcome;
    expect([due, completed, failed]).toEqual([50, 0, { timeout: 50 }]);
    expect([late, lostReplies]).toEqual([50, 0]);
  }, 60_000);

  it('gives a call its whole timeout, though it was due just before the end', async () => {
    const result = await measure(`
      sites: [here]
      bus: { type: memory }
      servers: { count: 1 }
      clients: { count: 1 }
      workload: { pattern: call, pace: { rate: 0.95/s }, hold: 600ms, timeout: 4s }
      phases: { warmup: 900ms, measure: 2400ms, drain: 5s }`);
    expect(result.outcome.failedTotal).toBe(0);
    expect(result.latencyUs.response.max).toBeLessThan(4_000_000);
  }, 60_000);

  it('crosses sites with the first call of many slow clients, too', async () => {
    const result = await measure(`
      sites: [paris, lyon]
      bus: { type: zeromq }
      servers: { count: 2 }
      clients: { count: 600, connections: shared }
      workload: { pattern: call, pace: { rate: 200/s }, timeout: 1s }
      phases: { warmup: 0s, measure: 2s, drain: 1s }`);
    // Each client calls once at most: half stay, by chance, give or take five standard deviations.
    expect(result.locality.localRatio).toBeGreaterThan(0.37);
    expect(result.locality.localRatio).toBeLessThan(0.63);
  }, 60_000);

  it('ends a counted run though a fault killed one of those who count', async () => {
    const result = await measure(`
      sites: [paris, lyon]
      bus: { type: zeromq }
      servers: { count: 2 }
      clients: { count: 4 }
      workload: { pattern: call, pace: { rate: 200/s }, timeout: 1s }
      phases: { warmup: 0s, measure: { calls: 100 }, drain: 1s }
      faults: [ { at: 1s, action: kill, node: client.paris } ]`);
    const { due, completed } = result.outcome;
    expect([due, completed]).toEqual([200, 200]);
    expect(result.outcome.unknown).toBeGreaterThan(50);
  }, 60_000);

  it('counts what the memory bus loses and duplicates', async () => {
    const result = await measure(
      `
      sites: [here]
      bus: { type: memory, loss: 5%, duplicate: 3% }
      servers: { count: 2 }
      clients: { count: 5 }
      workload: { pattern: cast, pace: { rate: 1000/s }, timeout: 500ms }
      phases: { warmup: 200ms, measure: 4s, drain: 1s }`,
      true,
    );
    const { outcome } = result;
    expect(outcome.due).toBe(4_000);
    expect(outcome.completed + outcome.failedTotal).toBe(4_000);
    expect(outcome.lost).toBe(outcome.sent - outcome.delivered);
    expect(outcome.failed['lost']).toBe(outcome.lost);
    // Binomial, six standard deviations: 200 +- 83 lost, about 114 +- 64 duplicated.
    expect(outcome.lost).toBeGreaterThan(117);
    expect(outcome.lost).toBeLessThan(283);
    expect(outcome.duplicated).toBeGreaterThan(50);
    expect(outcome.duplicated).toBeLessThan(184);
  }, 60_000);

  it('agrees with ping about a path without delay', async ({ skip }) => {
    const pingMs = await pingLoopback();
    if (pingMs === null) return skip('ping is missing (apt-get install iputils-ping)');
    const result = await measure(`
      sites: [paris, lyon]
      links: { default: { delay: 20ms } }
      bus: { type: zeromq, choice: closest }
      servers: { count: 2 }
      clients: { count: 4 }
      workload: { pattern: call, pace: { rate: 500/s }, timeout: 2s }
      phases: { warmup: 500ms, measure: 2s, drain: 2s }`);
    expect(result.locality.localRatio).toBe(1);
    // A local call costs two process wake-ups more than a ping, and nothing of the 40 ms round trip.
    expect(result.latencyUs.service.p50).toBeGreaterThan(pingMs * 1e3);
    expect(result.latencyUs.service.min).toBeLessThan(20_000);
    expect(result.wan.interSiteBytes).toBeLessThan(200_000);
  }, 60_000);
});

/** `missed`: the run is to miss what its guarantee implies, or what every run does. */
async function measure(body: string, missed = false): Promise<RunResult> {
  await using folder = await scratchFolder();
  const yaml = `schema: busbench/scenario/1\nname: known\n${body.replace(/^ {6}/gm, '')}\n`;
  const file = await scenarioFile(folder.path, yaml);
  const { code, stdout, stderr } = await busbench([
    'run',
    file,
    '--json',
    '--quiet',
    '-o',
    join(folder.path, 'result'),
  ]);
  expect([missed ? 1 : 0, 4], stderr).toContain(code);
  return parseResult(JSON.parse(stdout));
}

/** Minimum round trip of five pings to 127.0.0.1, ms; null without a ping program. */
function pingLoopback(): Promise<number | null> {
  return new Promise((resolve) => {
    const ping = spawn('ping', ['-c', '5', '-i', '0.2', '127.0.0.1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    ping.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    ping.on('error', () => resolve(null));
    ping.on('close', () => {
      const [, min] = /= ([0-9.]+)\//.exec(text) ?? [];
      resolve(min === undefined ? null : Number(min));
    });
  });
}
