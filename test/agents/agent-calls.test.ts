import { describe, expect, it } from 'vitest';
import { nowUs } from '../../agents/clock.ts';
import { AgentRun, measure, memoryAssignment, sleep, sum } from '../helpers/agent-run.ts';
import { decodeMembers, mergeHistograms } from '../helpers/decode.ts';

/** Blocks the event loop, as a process that is stopped or starved does. */
function block(ms: number): void {
  const untilUs = nowUs() + ms * 1e3;
  while (nowUs() < untilUs);
}

describe('calls over the memory driver', () => {
  it('measures calls from hello to stop and accounts for every one', async () => {
    const { run, parts } = await measure(memoryAssignment(), 1000, 200);
    expect(parts.clients).toHaveLength(6);
    expect(sum(parts.clients, ({ due }) => due)).toBe(500);
    expect(sum(parts.clients, ({ completed }) => completed)).toBe(500);
    expect(parts.failed()).toEqual({});
    for (const { due, sent, replied, refused, receivers } of parts.clients) {
      const all = Array.from({ length: due }, (_, sequence) => sequence);
      expect(decodeMembers(sent)).toEqual(all);
      expect(decodeMembers(replied ?? '')).toEqual(all);
      expect(refused).toBeNull();
      expect(receivers).toEqual([[0, 1]]);
    }
    expect(sum(parts.servers, ({ delivered }) => decodeMembers(delivered).length)).toBe(500);
    const histograms = parts.of('histogram');
    for (const kind of [
      'response',
      'service',
      'requestLeg',
      'hold',
      'replyLeg',
      'transit',
      'agentDelay',
      'busDelay',
    ]) {
      expect([kind, mergeHistograms(histograms, kind).totalCount]).toEqual([kind, 500]);
    }
    expect(sum(histograms, ({ negative }) => negative)).toBe(0);
    const intervals = parts.of('interval');
    expect(intervals.map(({ second, clientSite }) => [second, clientSite])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    expect(sum(intervals, ({ due }) => due)).toBe(500);
    expect(sum(intervals, ({ done }) => done)).toBe(500);
    const [collected] = parts.of('collected');
    expect(collected).toMatchObject({ operations: 500, handled: 500, foreign: 0, reasons: {} });
    expect(collected?.doneInWindow).toBeGreaterThan(450);
    expect(collected?.vitals?.cpuUs).toBeGreaterThan(0);
    const rows = parts.of('peers').flatMap((part) => part.rows);
    expect(rows.map(({ role, index }) => `${role} ${index}`)).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((index) => `client ${index}`),
      ...[0, 1, 2].map((index) => `server ${index}`),
    ]);
    expect(
      sum(
        rows.filter(({ role }) => role === 'server'),
        ({ due }) => due,
      ),
    ).toBe(500);
    expect(parts.of('collected')).toHaveLength(1);
    expect(run.messages.at(-1)?.type).toBe('collected');
    expect(run.exitCode).toBe(0);
  });

  it('counts lost, duplicated and reordered messages and lost replies exactly', async () => {
    const faults = { lossPercent: 6, duplicatePercent: 7, reorderPercent: 8, replyLossPercent: 5 };
    // Closed loops of several calls each, so that a client's next message can overtake.
    const pace = { kind: 'inFlight', inFlight: 4 } as const;
    const assignment = memoryAssignment({ pace, timeoutMs: 100 }, faults, {
      serverCount: 1,
      callsPerClient: 200,
    });
    const run = new AgentRun();
    await run.makeReady(assignment);
    run.start(0, 0);
    await run.next('exhausted');
    // What the bus still holds back, to reorder it, comes within a second.
    await sleep(1200);
    const counters = run.session?.counters;
    if (counters === undefined) throw new Error('no session');
    const parts = await run.collect();
    await run.agent.close(0);
    expect(counters.lost).toBeGreaterThan(10);
    expect(counters.duplicated).toBeGreaterThan(10);
    expect(counters.reordered).toBeGreaterThan(10);
    expect(counters.repliesLost).toBeGreaterThan(10);
    expect(sum(parts.clients, ({ due }) => due)).toBe(1200);
    // A busy machine may let some expire before they are taken.
    expect(counters.sent).toBe(1200 - (parts.failed()['unsent'] ?? 0));
    const delivered = sum(parts.servers, (entry) => decodeMembers(entry.delivered).length);
    expect(counters.sent - delivered).toBe(counters.lost);
    expect(sum(parts.servers, ({ duplicated }) => duplicated)).toBe(counters.duplicated);
    expect(sum(parts.servers, ({ reordered }) => reordered)).toBe(counters.reordered);
    const completed = sum(parts.clients, (entry) => entry.completed);
    const late = sum(parts.clients, (entry) => entry.late);
    const failed = sum(Object.values(parts.failed()), (count) => count);
    expect(completed + failed).toBe(1200);
    const replied = sum(parts.clients, (entry) => decodeMembers(entry.replied ?? '').length);
    expect(replied).toBe(completed + late);
    expect(mergeHistograms(parts.of('histogram'), 'response').totalCount).toBe(completed);
  });

  it('shows a stall of its own in response and agentDelay, not in service, and skips nothing', async () => {
    const { parts } = await measure(
      memoryAssignment({ timeoutMs: 2000 }),
      1000,
      300,
      async (_, measureUs) => {
        await sleep((measureUs - nowUs()) / 1e3 + 300);
        block(400);
      },
    );
    const histograms = parts.of('histogram');
    const response = mergeHistograms(histograms, 'response');
    const service = mergeHistograms(histograms, 'service');
    expect(sum(parts.clients, ({ due }) => due)).toBe(500);
    expect(response.totalCount).toBe(500);
    expect(response.maxValue).toBeGreaterThan(390_000);
    // 40 % of the window was blocked: a fifth of all operations waited longer than half the stall.
    expect(response.getValueAtPercentile(85)).toBeGreaterThan(150_000);
    expect(mergeHistograms(histograms, 'agentDelay').maxValue).toBeGreaterThan(390_000);
    expect(service.getValueAtPercentile(50)).toBeLessThan(response.getValueAtPercentile(85) / 2);
    expect(mergeHistograms(histograms, 'eventLoopDelay').maxValue).toBeGreaterThan(350_000);
  });

  it('holds back what a disconnected bus will not take: busDelay, and failed.unsent past the deadline', async () => {
    const assignment = memoryAssignment(
      { timeoutMs: 200 },
      {},
      { reconnect: { minMs: 400, maxMs: 400 } },
    );
    const { parts } = await measure(assignment, 1000, 300, async (run, measureUs) => {
      await sleep((measureUs - nowUs()) / 1e3 + 200);
      run.agent.receive({ type: 'disconnect', clients: [0, 1] });
    });
    const failed = parts.failed();
    const cut = parts.clients.filter(({ client }) => client < 2);
    const others = parts.clients.filter(({ client }) => client >= 2);
    // Those due in the first 200 of 400 ms could not be sent in time, and nothing of the others.
    expect(failed['unsent']).toBeGreaterThan(0);
    expect(failed['unsent']).toBeLessThan(sum(cut, ({ due }) => due));
    expect(sum(cut, (entry) => entry.failed['unsent'] ?? 0)).toBe(failed['unsent']);
    for (const { due, completed } of others) expect(completed).toBe(due);
    for (const { due, sent, failed: classes } of cut) {
      expect(decodeMembers(sent).length).toBe(due - (classes['unsent'] ?? 0));
    }
    const busDelay = mergeHistograms(parts.of('histogram'), 'busDelay');
    expect(busDelay.maxValue).toBeGreaterThan(100_000);
    expect(busDelay.maxValue).toBeLessThan(201_000);
    expect(parts.of('collected')[0]?.reconnects).toBe(2);
    expect(mergeHistograms(parts.of('histogram'), 'reconnect').totalCount).toBe(2);
    expect(
      sum(parts.of('interval'), (part) =>
        sum(Object.values(part.reasons['unsent'] ?? {}), (n) => n),
      ),
    ).toBe(failed['unsent']);
  });

  it('sends again at least once what was cut off unconfirmed, and confirms are timed', async () => {
    const assignment = memoryAssignment(
      { timeoutMs: 1000 },
      { delayUs: 20_000 },
      { guarantee: 'at-least-once' },
    );
    const { parts } = await measure(assignment, 1000, 1000, async (run, measureUs) => {
      await sleep((measureUs - nowUs()) / 1e3 + 300);
      run.agent.receive({ type: 'disconnect', clients: [0, 1, 2, 3, 4, 5] });
    });
    expect(sum(parts.clients, ({ due }) => due)).toBe(500);
    const accepted = mergeHistograms(parts.of('histogram'), 'accepted');
    expect(accepted.totalCount).toBeGreaterThan(480);
    expect(accepted.getValueAtPercentile(50)).toBeGreaterThanOrEqual(20_000);
    expect(accepted.maxValue).toBeGreaterThan(50_000);
    // Requests cut off before they were confirmed were sent again; replies cut off were not.
    const delivered = sum(parts.servers, (entry) => decodeMembers(entry.delivered).length);
    expect(delivered).toBe(500);
    expect(Object.keys(parts.failed()).filter((outcome) => outcome !== 'timeout')).toEqual([]);
    for (const { refused } of parts.clients) expect(refused).toBeNull();
  });

  it('fails what a lost connection cut off at most once, with the reason of the bus', async () => {
    const { parts } = await measure(
      memoryAssignment({ timeoutMs: 500 }, { delayUs: 20_000 }),
      600,
      600,
      async (run, measureUs) => {
        await sleep((measureUs - nowUs()) / 1e3 + 300);
        run.agent.receive({ type: 'disconnect', clients: [0, 1, 2, 3, 4, 5] });
      },
    );
    const failed = sum(Object.values(parts.failed()), (count) => count);
    expect(failed).toBeGreaterThan(0);
    expect(failed + sum(parts.clients, ({ completed }) => completed)).toBe(300);
  });

  it('refuses what has no server, by class and reason', async () => {
    const assignment = memoryAssignment();
    const clients = assignment.clients.map((peer) =>
      peer.index === 5 ? { ...peer, topic: 9 } : peer,
    );
    const receivers = [...assignment.receivers, ...new Array(9).fill(0)];
    const { parts } = await measure({ ...assignment, clients, receivers }, 500, 100);
    const stray = parts.clients.find(({ client }) => client === 5);
    const due = stray?.due ?? 0;
    expect(due).toBeGreaterThan(30);
    expect(stray?.failed).toEqual({ unroutable: due });
    expect(decodeMembers(stray?.refused ?? '')).toHaveLength(due);
    const reasons = { unroutable: { 'no server listens on topic 9': due } };
    expect(parts.of('collected')[0]?.reasons).toEqual(reasons);
  });

  it('lets servers think, as long as asked, without a limit on how many at a time', async () => {
    const { parts } = await measure(
      memoryAssignment({ hold: { meanMs: 30, distribution: 'constant' } }),
      600,
      200,
    );
    const hold = mergeHistograms(parts.of('histogram'), 'hold');
    expect(hold.totalCount).toBe(300);
    expect(hold.getValueAtPercentile(0)).toBeGreaterThanOrEqual(29_900);
    // Thinking is no part of the way.
    const least = (kind: 'service' | 'transit'): number =>
      mergeHistograms(parts.of('histogram'), kind).getValueAtPercentile(0);
    expect(least('transit')).toBeLessThanOrEqual(least('service') - 29_800);
  });

  it('ends the window early when halted', async () => {
    const { parts } = await measure(memoryAssignment(), 1000, 0, async (run, measureUs) => {
      await sleep((measureUs - nowUs()) / 1e3 + 400);
      run.agent.receive({ type: 'halt' });
    });
    const due = sum(parts.clients, (entry) => entry.due);
    expect(due).toBeGreaterThan(150);
    expect(due).toBeLessThan(350);
    expect(sum(parts.clients, ({ completed }) => completed)).toBe(due);
  });
});
