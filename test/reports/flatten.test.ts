import { describe, expect, it } from 'vitest';
import { flattenResult } from '../../reports/flatten.ts';
import { makeRecord } from '../helpers/record/record.ts';

describe('a flattened result', () => {
  const { result } = makeRecord();
  const flat = flattenResult(result);

  it('has every number at its path', () => {
    expect(flat['latencyUs.response.p99']).toBe(result.latencyUs.response.p99);
    expect(flat['locality.matrix[4].count']).toBe(result.locality.matrix[4]?.count);
    expect(flat['outcome.failed.timeout']).toBe(result.outcome.failed['timeout']);
    expect(flat['scenario.clients.count']).toBe(300);
  });

  it('keeps numbers that are not known as null, and leaves out what is no number', () => {
    expect(flat['latencyUs.response.p999']).toBeNull();
    expect(flat['scenario.links[0].rateMbps']).toBeNull();
    expect(Object.keys(flat)).not.toContain('latencyUs.accepted');
    expect(Object.keys(flat)).not.toContain('verdict.failure');
    expect(Object.keys(flat).filter((path) => path.endsWith('.hdr'))).toEqual([]);
  });
});
