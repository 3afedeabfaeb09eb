import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../agents/drivers/endpoint.ts';
import type { ToAgent } from '../../agents/protocol.ts';
import { AgentRun, measure, memoryAssignment, sleep } from '../helpers/agent-run.ts';

describe('an agent', () => {
  it('answers clock questions while it waits for the bus', async () => {
    const run = new AgentRun();
    run.agent.receive({ type: 'clock', id: 9 });
    const clock = await run.next('clock');
    expect(clock.id).toBe(9);
    expect(clock.repliedUs).toBeGreaterThanOrEqual(clock.receivedUs);
    await run.agent.close(0);
  });

  it.each([
    ['another version', { type: 'hello', version: 99 }, 'AGENT_VERSION'],
    ['an unknown message', { type: 'dance' }, 'AGENT_PROTOCOL'],
    ['a start out of turn', { type: 'start', schedule: {} }, 'AGENT_PROTOCOL'],
    ['a directory out of turn', { type: 'directory', directory: null }, 'AGENT_PROTOCOL'],
  ])('ends with exit code 1 at %s', async (_, message, code) => {
    const run = new AgentRun();
    run.agent.receive(message as unknown as ToAgent);
    const failed = await run.next('failed');
    expect(failed.code).toBe(code);
    expect(failed.hint).not.toBe('');
    await sleep(10);
    expect(run.exitCode).toBe(1);
  });

  it('reports a driver that is not there', async () => {
    const run = new AgentRun();
    const bus = { driver: 'pigeon', endpoint: null } as unknown as Endpoint;
    run.agent.receive({ type: 'assign', assignment: memoryAssignment({}, {}, { bus }) });
    expect((await run.next('failed')).code).toBe('DRIVER_UNKNOWN');
  });

  it('says when every client has had its calls', async () => {
    const run = new AgentRun();
    await run.makeReady(memoryAssignment({}, {}, { callsPerClient: 20 }));
    run.start(100, 0);
    await run.next('exhausted');
    const parts = await run.collect();
    for (const { due, completed } of parts.clients) expect([due, completed]).toEqual([20, 20]);
    expect(run.messages.filter(({ type }) => type === 'exhausted')).toHaveLength(1);
    await run.agent.close(0);
  });

  it('says when the window has passed and every call has ended, and how, up to date', async () => {
    const hold = { meanMs: 300, distribution: 'constant' } as const;
    const { run } = await measure(memoryAssignment({ hold, timeoutMs: 2000 }), 300, 600);
    const at = run.messages.findIndex(({ type }) => type === 'exhausted');
    // 100 ms of warm-up and 300 ms of window at 500/s.
    const all = { due: 200, completed: 200, failed: 0 };
    expect(run.messages[at - 1]).toMatchObject({ type: 'progress', ...all });
  });
});
