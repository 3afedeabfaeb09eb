import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { nowUs } from '../../agents/clock.ts';
import type { FromAgent, ToAgent } from '../../agents/protocol.ts';
import { memoryAssignment, sleep, sum } from '../helpers/agent-run.ts';

const program = new URL('../../dist/agents/main.js', import.meta.url).pathname;

/** A real agent process, driven over its pipes. */
class AgentProcess {
  readonly child: ChildProcess = spawn(process.execPath, [program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  readonly exited: Promise<unknown[]> = once(this.child, 'exit');
  readonly messages: FromAgent[] = [];

  constructor() {
    if (this.child.stdout === null) throw new Error('no stdout');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.messages.push(JSON.parse(line) as FromAgent);
    });
  }

  tell(message: ToAgent, agent = 0): void {
    this.child.stdin?.write(`${JSON.stringify({ agent, ...message })}\n`);
  }

  async next<T extends FromAgent['type']>(type: T): Promise<Extract<FromAgent, { type: T }>> {
    for (let waits = 0; waits < 1000; waits++) {
      const found = this.messages.find((message) => message.type === type);
      if (found !== undefined) return found as Extract<FromAgent, { type: T }>;
      await sleep(10);
    }
    throw new Error(`no '${type}' within 10 s of ${JSON.stringify(this.messages.at(-1))}`);
  }
}

let agent: AgentProcess | null = null;

afterEach(() => {
  agent?.child.kill('SIGKILL');
  agent = null;
});

describe('the agent program', () => {
  it('measures on the clock that all processes of this host share', async () => {
    agent = new AgentProcess();
    agent.tell({ type: 'hello', version: 3, silenceMs: 60_000 });
    const hello = await agent.next('hello');
    expect(hello.pid).toBe(agent.child.pid);
    expect(Math.abs(hello.nowUs - nowUs())).toBeLessThan(5e6);
    const assignment = memoryAssignment();
    agent.tell({ type: 'offsets', atUs: 0, offsetUs: [0], drift: [0] });
    agent.tell({ type: 'assign', assignment });
    await agent.next('opened');
    agent.tell({ type: 'directory', directory: null });
    expect((await agent.next('connected')).routes).toEqual([1, 1, 1, 1, 1, 1]);
    agent.tell({ type: 'probe', pairs: [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0] });
    const { answered } = await agent.next('probed');
    expect(answered).toHaveLength(18);
    const startUs = nowUs() + 100_000;
    const measureUs = startUs + 200_000;
    agent.tell({ type: 'start', schedule: { startUs, measureUs, measureEndUs: measureUs + 1e6 } });
    const progress = await agent.next('progress');
    expect(progress.due).toBeGreaterThan(0);
    await sleep(1800);
    agent.tell({ type: 'collect' });
    const collected = await agent.next('collected');
    expect(collected.operations).toBe(500);
    expect(collected.vitals?.rssMaxBytes).toBeGreaterThan(20e6);
    const ledgers = agent.messages.flatMap((message) =>
      message.type === 'clientLedger' ? message.entries : [],
    );
    expect(sum(ledgers, ({ due }) => due)).toBe(500);
    expect(sum(ledgers, ({ completed }) => completed)).toBe(500);
    agent.tell({ type: 'stop' });
    expect(await agent.exited).toEqual([0, null]);
  });

  it('does not outlive its orchestrator', async () => {
    agent = new AgentProcess();
    agent.tell({ type: 'hello', version: 3, silenceMs: 60_000 });
    await agent.next('hello');
    agent.child.stdin?.end();
    expect(await agent.exited).toEqual([1, null]);
  });

  it('leaves SIGINT to the orchestrator and obeys SIGTERM', async () => {
    agent = new AgentProcess();
    agent.tell({ type: 'hello', version: 3, silenceMs: 60_000 });
    await agent.next('hello');
    agent.child.kill('SIGINT');
    agent.tell({ type: 'clock', id: 1 });
    await agent.next('clock');
    agent.child.kill('SIGTERM');
    expect(await agent.exited).toEqual([0, null]);
  });

  it('says why it cannot go on, then exits 1', async () => {
    agent = new AgentProcess();
    agent.tell({ type: 'hello', version: 0, silenceMs: 60_000 });
    const failed = await agent.next('failed');
    expect(failed).toMatchObject({ code: 'AGENT_VERSION' });
    expect(await agent.exited).toEqual([1, null]);
  });
});
