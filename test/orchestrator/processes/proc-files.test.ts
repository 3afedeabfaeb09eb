import { describe, expect, it } from 'vitest';
import {
  linkOrEmpty,
  listOrEmpty,
  openFileLimits,
  pids,
  readOrNull,
  statFields,
} from '../../../orchestrator/processes/proc-files.ts';

describe.skipIf(process.platform !== 'linux')('/proc', () => {
  it('tells of a process from its state on, whatever its name', () => {
    const title = process.title;
    process.title = 'a) R (b';
    const [state, parent] = statFields(process.pid) ?? [];
    process.title = title;
    expect(state).toMatch(/^[RS]$/);
    expect(Number(parent)).toBe(process.ppid);
  });

  it('lists processes by number, ours among them', () => {
    expect(pids()).toContain(process.pid);
    expect(pids().every(Number.isInteger)).toBe(true);
  });

  it('knows how many files may be open', () => {
    const { soft, hard } = openFileLimits() ?? { soft: '', hard: '' };
    const number = (limit: string): number =>
      limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
    expect(number(soft)).toBeGreaterThan(0);
    expect(number(hard)).toBeGreaterThanOrEqual(number(soft));
  });

  it('has nothing to say of what is not there', () => {
    const gone = '/proc/0/nothing';
    expect(statFields(0)).toBeNull();
    expect([readOrNull(gone), linkOrEmpty(gone), listOrEmpty(gone)]).toEqual([null, '', []]);
  });
});
