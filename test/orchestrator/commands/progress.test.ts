import { describe, expect, it } from 'vitest';
import { runDescriber } from '../../../orchestrator/commands/progress.ts';
import type { RunProgress } from '../../../orchestrator/observer.ts';

const start: RunProgress = {
  step: 'measuring',
  detail: '',
  elapsedMs: 0,
  totalMs: 10_000,
  due: 0,
  completed: 0,
  failed: 0,
  p99Us: null,
};

describe('the line of a run', () => {
  it('names a step that has no clock yet by its name alone', () => {
    expect(runDescriber()({ ...start, step: 'ready barrier' })).toBe('ready barrier');
    const half = { ...start, step: 'ready barrier', detail: '5 of 10 clients proven' };
    expect(runDescriber()(half)).toBe('ready barrier: 5 of 10 clients proven');
  });

  it('gives the rate of the last two seconds, not the mean since the start', () => {
    const describeRun = runDescriber();
    describeRun({ ...start, elapsedMs: 1_000, completed: 1_000 });
    describeRun({ ...start, elapsedMs: 2_000, completed: 2_000 });
    describeRun({ ...start, elapsedMs: 3_000, completed: 2_000 });
    const stalled = { ...start, elapsedMs: 4_000, due: 4_000, completed: 2_000, p99Us: 1_500 };
    expect(describeRun(stalled)).toBe(
      'measuring, 6 s left: 4000 due, 2000 done (0/s), p99 1.50 ms, 0 failed',
    );
  });

  it('promises no time and no rate once the clock of the phases is over', () => {
    const describeRun = runDescriber();
    describeRun({ ...start, elapsedMs: 5_000, completed: 5_000 });
    const collecting = { ...start, step: 'collecting', elapsedMs: 6_000, due: 10, completed: 10 };
    expect(describeRun(collecting)).toBe('collecting: 10 due, 10 done, 0 failed');
  });
});
