import { describe, expect, it } from 'vitest';
import { plannedShape } from '../../../orchestrator/faults/links.ts';
import { minimal, resolve } from '../../helpers/scenarios.ts';

describe('the end of a degradation', () => {
  it('gives every value of the link back, bursts of loss included', async () => {
    const scenario = await resolve(`${minimal}fabric: namespaces
links:
  default: { delay: 5ms, jitter: 1ms, loss: 2%, rate: 10mbit }
  constraints: [{ src: paris, dst: lyon, burst: 4 }]
`);
    const shape = { delayMs: 5, jitterMs: 1, lossPercent: 2, rateMbps: 10 };
    expect(plannedShape({ scenario }, 'paris', 'lyon')).toEqual({ ...shape, lossBurst: 4 });
    expect(plannedShape({ scenario }, 'paris', 'nice')).toEqual({ ...shape, lossBurst: 1 });
  });
});
