import { expect, it } from 'vitest';
import { nowUs } from '../../../agents/clock.ts';
import { msUntil } from '../../../orchestrator/agents/agent-group.ts';
import { sleep } from '../../../orchestrator/processes/waiting.ts';

it('wakes at a moment or after it, never before', async () => {
  const never = new AbortController().signal;
  const early: number[] = [];
  for (let i = 0; i < 40; i++) {
    const momentUs = nowUs() + 3_000 + i * 49;
    await sleep(msUntil(momentUs), never);
    if (nowUs() < momentUs) early.push(momentUs - nowUs());
  }
  expect(early).toEqual([]);
  expect(msUntil(nowUs() - 1)).toBe(0);
});
