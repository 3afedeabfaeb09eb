import hdr from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { readIntervalLog, writeIntervalLog } from '../../../reports/reconcile/interval-log.ts';
import { measuringSince } from '../../../reports/reconcile/workload.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const { result, histograms } = makeRecord();
const log = writeIntervalLog(result.name, measuringSince(result), histograms);

describe('the interval log', () => {
  it('opens with the comments and the legend that HdrHistogram tools expect', () => {
    expect(log.split('\n').slice(0, 5)).toMatchInlineSnapshot(`
      [
        "#[busbench run three-sites; values in microseconds, Interval_Max in milliseconds]",
        "#[Histogram log format version 1.3]",
        "#[StartTime: 1795253408.000 (seconds since epoch), 2026-11-21T09:30:08.000Z]",
        "#[BaseTime: 1795253408.000 (seconds since epoch)]",
        ""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"",
      ]
    `);
  });

  it('is read by the public reader with tags, times and every count', () => {
    const reader = new hdr.HistogramLogReader(log);
    const startMs = Date.parse(result.startedAt) + result.workload.measuredFromMs;
    const ordered = [...histograms].sort((a, b) => a.startSeconds - b.startSeconds);
    for (const expected of ordered) {
      const read = reader.nextIntervalHistogram();
      const original = hdr.decodeFromCompressedBase64(expected.hdr);
      expect(read?.tag).toBe(expected.tag);
      expect(read?.startTimeStampMsec).toBeCloseTo(startMs + 1000 * expected.startSeconds, 3);
      const endSeconds = expected.startSeconds + expected.lengthSeconds;
      expect(read?.endTimeStampMsec).toBeCloseTo(startMs + 1000 * endSeconds, 3);
      expect(read?.totalCount).toBe(original.totalCount);
      expect(read?.summary).toEqual(original.summary);
    }
    expect(reader.nextIntervalHistogram()).toBeNull();
    expect(hdr.listTags(log).sort()).toEqual([...new Set(histograms.map(({ tag }) => tag))].sort());
  });

  it('reads back without loss', () => {
    const ordered = [...histograms].sort((a, b) => a.startSeconds - b.startSeconds);
    expect(readIntervalLog(log)).toEqual(ordered);
  });

  it('names the line that is torn', () => {
    expect(() => readIntervalLog(`${log}Tag=response.paris,1.0`)).toThrow(/^line \d+: /);
  });
});
