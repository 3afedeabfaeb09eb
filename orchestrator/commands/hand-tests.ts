import type { HandTest } from '../by-hand/layout.ts';

/** The tests of ombt by their names there. */
export const handTests = {
  'rpc-call': 'call',
  'rpc-cast': 'cast',
  'rpc-fanout': 'fanout',
  notify: 'notify',
} as const satisfies Record<string, HandTest['pattern']>;

export type TestName = keyof typeof handTests;
