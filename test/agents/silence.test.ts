import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { nowUs } from '../../agents/clock.ts';
import { protocolVersion } from '../../agents/protocol.ts';
import { Silence } from '../../agents/silence.ts';
import { AgentChannel } from '../../orchestrator/agents/agent-channel.ts';
import { AgentLines } from '../../orchestrator/agents/agent-lines.ts';
import { sleep } from '../helpers/agent-run.ts';

it('counts silence since the last word, once', async () => {
  const told: number[] = [];
  const silence = new Silence(nowUs, (ms) => told.push(ms));
  silence.limit(400);
  for (let i = 0; i < 8; i++) {
    await sleep(100);
    silence.heard();
  }
  const sinceFirst = told.length;
  await sleep(1_500);
  // On a machine that stands still for longer than the limit, there may be no silence to tell of yet.
  expect(sinceFirst + told.length).toBe(1);
  expect(told[0]).toBeGreaterThanOrEqual(400);
});

it('does not count the time in which we stood still ourselves', () => {
  let now = 0;
  let told = 0;
  const silence = new Silence(
    () => now,
    () => told++,
  );
  silence.limit(60_000);
  now += 3600e6;
  silence.heard();
  expect(told).toBe(0);
  silence.close();
});

it('fails an agent that is silent after its hello, but not one that a fault has stopped', async () => {
  const input = new PassThrough();
  const lines = new AgentLines('client.paris', input, new PassThrough(), 300);
  const channel = new AgentChannel('client.paris', 7, lines);
  const hello = {
    agent: 7,
    type: 'hello',
    version: protocolVersion,
    pid: 1,
    clock: null,
    nowUs: 0,
  };
  input.write(`${JSON.stringify(hello)}\n`);
  await sleep(50);
  channel.watchSilence(false);
  await sleep(700);
  expect(channel.error).toBeNull();
  channel.watchSilence(true);
  await expect(channel.failed).rejects.toMatchObject({ code: 'AGENT_SILENT' });
});
