import hdr from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import type { IntervalPart } from '../../agents/protocol.ts';
import { Recorder } from '../../agents/recorder.ts';

const measureUs = 1_000_000_000;
const timeoutUs = 2e6;

function takeAll(recorder: Recorder, nowUs: number): IntervalPart[] {
  const parts: IntervalPart[] = [];
  for (;;) {
    const part = recorder.takeFinished(nowUs);
    if (part === null) return parts;
    parts.push(part);
  }
}

describe('Recorder', () => {
  it('reports a second when its last deadline has passed, and never again', () => {
    const recorder = new Recorder(2, timeoutUs);
    recorder.start(measureUs);
    for (const site of [0, 1]) {
      recorder.countDue(site, measureUs);
      recorder.countDue(site, measureUs + 999_999);
      recorder.countDue(site, measureUs + 1_000_000);
      recorder.countDone(site, measureUs + 999_999, 5000, 4000);
      recorder.countFailed(site, measureUs, 'timeout', 'no reply');
    }
    expect(takeAll(recorder, measureUs + 1e6 + timeoutUs)).toEqual([]);
    const first = takeAll(recorder, measureUs + 1e6 + timeoutUs + 1e6);
    expect(
      first.map(({ second, clientSite, due, done, failed }) => [
        second,
        clientSite,
        due,
        done,
        failed,
      ]),
    ).toEqual([
      [0, 0, 2, 1, 1],
      [0, 1, 2, 1, 1],
    ]);
    expect(first[0]?.reasons).toEqual({ timeout: { 'no reply': 1 } });
    expect(Buffer.from(first[0]?.failedSlots ?? '', 'base64')[0]).toBe(1);
    expect(Buffer.from(first[0]?.doneSlots ?? '', 'base64')[12]).toBe(1 << 3);
    expect(
      hdr.decodeFromCompressedBase64(first[0]?.response ?? '').maxValue,
    ).toBeGreaterThanOrEqual(5000);
    expect(takeAll(recorder, measureUs + 1e6 + timeoutUs + 1e6)).toEqual([]);
    expect([...recorder.remaining()].map(({ second, due }) => [second, due])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect([...recorder.remaining()]).toEqual([]);
  });

  it('adds a part for what changes a second after it was reported', () => {
    const recorder = new Recorder(1, timeoutUs);
    recorder.start(measureUs);
    recorder.countDue(0, measureUs);
    expect(takeAll(recorder, measureUs + 10e6)).toHaveLength(1);
    recorder.countFailed(0, measureUs, 'timeout', 'no reply');
    const [late] = [...recorder.remaining()];
    expect(late).toMatchObject({ second: 0, due: 0, failed: 1 });
  });

  it('gives one part for each kind and pair that has samples, negative ones included', () => {
    const recorder = new Recorder(3, timeoutUs);
    recorder.pair(0, 2).response.record(10);
    recorder.pair(0, 2).requestLeg.record(-5);
    recorder.site(1).agentDelay.record(3);
    recorder.eventLoopDelay.record(1);
    const parts = [...recorder.histograms()];
    expect(
      parts.map(({ kind, clientSite, serverSite, count, negative }) => [
        kind,
        clientSite,
        serverSite,
        count,
        negative,
      ]),
    ).toEqual([
      ['response', 0, 2, 1, 0],
      ['requestLeg', 0, 2, 0, 1],
      ['agentDelay', 1, null, 1, 0],
      ['eventLoopDelay', null, null, 1, 0],
    ]);
    for (const { hdr: encoded, count } of parts) {
      expect(hdr.decodeFromCompressedBase64(encoded).totalCount).toBe(count);
    }
  });
});
