import { describe, expect, it } from 'vitest';
import { parseCondition } from '../../../orchestrator/sweep/condition.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const { result } = makeRecord();

function ask(text: string): boolean | string {
  const parsed = parseCondition(text);
  return parsed.kind === 'ok' ? parsed.condition.isTrueOf(result) : parsed.message;
}

describe('parseCondition', () => {
  it('takes what expect takes', () => {
    expect(ask('outcome.due > 1')).toBe(true);
    expect(ask('outcome.due < 1')).toBe(false);
    expect(ask('outcome.deu > 1')).toMatch(/did you mean "due"/);
  });

  it('takes measures of sweeps, such as the CPU of the bus', () => {
    const nodes = result.resources.processes.filter(({ role }) => role === 'bus');
    const busiest = Math.max(...nodes.map(({ cpuPercentMean }) => cpuPercentMean));
    expect(ask(`measure.busiestNodePercent > ${Math.floor(busiest)}`)).toBe(true);
    expect(ask(`measure.busiestNodePercent > ${Math.ceil(busiest)}`)).toBe(false);
    expect(ask('measure.busiestNodPercent > 70')).toMatch(/did you mean "busiestNodePercent"/);
    expect(ask('measure.p50 < 50ms')).toMatch(/without a unit/);
  });

  it('finds nothing true of what is not known', () => {
    const brokerless = { ...result, resources: { processes: [] } };
    const parsed = parseCondition('measure.busCpuPercent < 1000');
    expect(parsed.kind === 'ok' && parsed.condition.isTrueOf(brokerless)).toBe(false);
  });
});
