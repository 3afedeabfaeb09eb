import { expect, it } from 'vitest';
import { LinkScheduler } from '../../../../orchestrator/fabrics/loopback/link-scheduler.ts';
import { RelayedLink } from '../../../../orchestrator/fabrics/loopback/relayed-link.ts';
import { sleep } from '../../../helpers/agent-run.ts';

it('judges how punctual it is only while a link is used', async () => {
  const scheduler = new LinkScheduler();
  const shape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };
  const link = new RelayedLink(scheduler, 'paris', 'lyon', shape, 1);
  await sleep(100);
  expect(scheduler.takeLateness()).toEqual({ count: 0, p99Us: 0, maxUs: 0 });
  const crossing = setInterval(() => link.carry(100, () => {}), 5);
  let heartbeats = 0;
  for (let round = 0; round < 50 && heartbeats <= 2; round++) {
    await sleep(100);
    heartbeats += scheduler.takeLateness().count;
  }
  clearInterval(crossing);
  expect(heartbeats).toBeGreaterThan(2);
});
