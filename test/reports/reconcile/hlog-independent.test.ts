import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeIntervalLog } from '../../../reports/reconcile/interval-log.ts';
import { measuringSince } from '../../../reports/reconcile/workload.ts';
import { makeRecord } from '../../helpers/record/record.ts';

/*
 * Our logs read by implementations that share no code with the library that wrote them: this file's own decoder of
 * the published V2 encoding, and the HdrHistogram package of Python where pip can install it.
 */

const run = promisify(execFile);
const { result, histograms } = makeRecord();
const log = writeIntervalLog(result.name, measuringSince(result), histograms);

interface Read {
  readonly tag: string;
  readonly count: number;
  readonly max: number;
}

/** Count and largest value, bucket by bucket, after "HdrHistogram V2 encoding" of the Java reference. */
function decode(line: string): Read {
  const [, tag = '', base64 = ''] = /^Tag=([^,]+),.*,([^,]+)$/.exec(line) ?? [];
  const outer = Buffer.from(base64, 'base64');
  expect(outer.readInt32BE(0)).toBe(0x1c849304 + 0x10);
  const inner = inflateSync(outer.subarray(8, 8 + outer.readInt32BE(4)));
  expect(inner.readInt32BE(0)).toBe(0x1c849303 + 0x10);
  const payload = inner.subarray(40, 40 + inner.readInt32BE(4));
  const digits = inner.readInt32BE(12);
  const lowest = Number(inner.readBigInt64BE(16));
  const subBuckets = 2 ** Math.ceil(Math.log2(2 * 10 ** digits));
  const unitMagnitude = Math.floor(Math.log2(lowest));
  let [index, count, max] = [0, 0, 0];
  for (let at = 0; at < payload.length; ) {
    const [value, next] = zigZag(payload, at);
    at = next;
    if (value < 0) index -= value;
    else {
      count += value;
      if (value > 0) max = highestAt(index, subBuckets, unitMagnitude);
      index += 1;
    }
  }
  return { tag, count, max };
}

/** ZigZag LEB128, at most nine bytes; the numbers here stay far below 2^53. */
function zigZag(bytes: Buffer, from: number): readonly [value: number, next: number] {
  let [at, shift, value] = [from, 1, 0];
  for (;;) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
    shift *= 128;
  }
  return [value % 2 === 0 ? value / 2 : -(value + 1) / 2, at];
}

function highestAt(index: number, subBuckets: number, unitMagnitude: number): number {
  const half = subBuckets / 2;
  const bucket = Math.floor(index / half) - 1;
  const sub = bucket < 0 ? index : (index % half) + half;
  const magnitude = Math.max(0, bucket) + unitMagnitude;
  return (sub + 1) * 2 ** magnitude - 1;
}

const expected: readonly Read[] = [...histograms]
  .sort((a, b) => a.startSeconds - b.startSeconds)
  .map(({ tag, hdr }) => {
    const { count, max } = decode(`Tag=${tag},0,0,0,${hdr}`);
    return { tag, count, max };
  });

describe('an interval log', () => {
  it('is what the published encoding says', () => {
    const lines = log.split('\n').filter((line) => line.startsWith('Tag='));
    expect(lines.map(decode)).toEqual(expected);
    const counted = expected.filter(({ tag }) => tag.startsWith('response.'));
    const total = counted.reduce((sum, { count }) => sum + count, 0);
    expect(total).toBe(result.latencyUs.response.count);
    const most = Math.max(...counted.map(({ max }) => max));
    const largest = Math.max(
      ...histograms.filter(({ tag }) => tag.startsWith('response.')).map(({ maxUs }) => maxUs),
    );
    expect(most / largest).toBeGreaterThan(0.999);
    expect(most / largest).toBeLessThan(1.001);
  });
});

const script = `
import sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3600000000, 3))
while True:
    histogram = reader.get_next_interval_histogram()
    if histogram is None:
        break
    print(histogram.get_tag(), histogram.get_total_count(), histogram.get_max_value())
`;

const packages = await mkdtemp(join(tmpdir(), 'busbench-hdrh-'));
const python = await findPython();
const missing =
  python === null ? ' [skipped: no Python package hdrhistogram; pip install hdrhistogram]' : '';

describe.skipIf(python === null)(`in Python${missing}`, () => {
  let file = '';
  beforeAll(async () => {
    file = join(packages, 'histograms.hlog');
    await writeFile(file, log);
  });

  it('is read with every tag and count', async () => {
    const { stdout } = await run('python3', ['-c', script, file], { env: environment() });
    const read = stdout
      .trim()
      .split('\n')
      .map((line): Read => {
        const [tag = '', count, max] = line.split(' ');
        return { tag, count: Number(count), max: Number(max) };
      });
    expect(read).toEqual(expected);
  }, 60_000);
});
afterAll(() => rm(packages, { recursive: true, force: true }));

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONPATH: packages };
}

/** Installed, or installed for this test alone; null where neither works. */
async function findPython(): Promise<string | null> {
  const imports = (): Promise<string | null> =>
    run('python3', ['-c', 'import hdrh.log'], { env: environment(), timeout: 20_000 }).then(
      () => 'python3',
      () => null,
    );
  const found = await imports();
  if (found !== null) return found;
  const install = ['-m', 'pip', 'install', '--quiet', '--target', packages, 'hdrhistogram'];
  await run('python3', install, { timeout: 60_000 }).catch(() => null);
  return imports();
}
