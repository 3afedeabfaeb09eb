import { expect, test } from 'vitest';
import { workloadOf } from '../../../agents/workloads/registry.ts';
import { hasManyReceivers, type Pattern, patterns } from '../../../topologies/patterns.ts';

test('the workload of each pattern records what its row of the table says', () => {
  for (const pattern of Object.keys(patterns) as Pattern[]) {
    const { replied } = workloadOf({ pattern, pools: 1 });
    expect(replied !== null, pattern).toBe(patterns[pattern].replies);
  }
});

test('a message has many receivers where every server, or each of several pools, gets a copy', () => {
  const many = (pools: number): readonly string[] =>
    (Object.keys(patterns) as Pattern[]).filter((pattern) => hasManyReceivers({ pattern, pools }));
  expect(many(1)).toEqual(['fanout']);
  expect(many(2)).toEqual(['fanout', 'notify']);
});
