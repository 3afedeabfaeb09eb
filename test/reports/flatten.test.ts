import { describe, expect, it } from 'vitest';
import { flattenResult } from '../../reports/flatten.ts';
import { makeRecord } from '../helpers/record/record.ts';

describe('a flattened result', () => {
  const { result } = makeRecord();
  const flat = flattenResult(result);

  it('has every number at its path', () => {
    expect(flat['latencyUs.response.p99']).toBe(result.latencyUs.response.p99);
    const [, pair] = result.locality.matrix;
    expect(flat[`locality.matrix.${pair?.client}>${pair?.server}.count`]).toBe(pair?.count);
    const [link] = result.wan.links;
    expect(flat[`wan.links.${link?.from}>${link?.to}.rttP50Ms`]).toBe(link?.measured.rttP50Ms);
    expect(flat['outcome.failed.timeout']).toBe(result.outcome.failed['timeout']);
    expect(flat['scenario.clients.count']).toBe(300);
  });

  it('has a place for each number, also of lists in which nothing tells items apart', () => {
    const twice = { ...result, faults: [...result.faults, ...result.faults] };
    const places = flattenResult(twice);
    expect(places['faults[1].startedAtMs']).toBe(result.faults[0]?.startedAtMs);
  });

  it('keeps numbers that are not known as null, and leaves out what is no number', () => {
    expect(flat['latencyUs.response.p999']).toBeNull();
    expect(flat['scenario.links.paris>lyon.rateMbps']).toBeNull();
    expect(Object.keys(flat)).not.toContain('latencyUs.accepted');
    expect(Object.keys(flat)).not.toContain('verdict.failure');
    expect(Object.keys(flat).filter((path) => path.endsWith('.hdr'))).toEqual([]);
  });
});
