import type { TaggedHistogram } from '../record.ts';

/*
 * HdrHistogram's interval log, version 1.3, as its Java, C, Python and JavaScript tools write and read it:
 * comment lines with the start time and the base that interval timestamps count from, a legend, then one line
 * an interval: optional tag, start and length in seconds, maximum, compressed histogram in base64.
 * Our own: histograms are kept as they came, encoded; the library's writer would decode and encode each again.
 * Values are microseconds; the maximum column is milliseconds, after the tools' habit of a scaled-down unit.
 */

const legend = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"';

/** The text of an interval log; `since` is when measuring began, from which `startSeconds` counts. */
export function writeIntervalLog(
  name: string,
  since: Date,
  histograms: readonly TaggedHistogram[],
): string {
  const epochSeconds = (since.getTime() / 1000).toFixed(3);
  const lines = [
    `#[busbench run ${name.replaceAll(/[\r\n]+/g, ' ')}; values in microseconds, Interval_Max in milliseconds]`,
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${epochSeconds} (seconds since epoch), ${since.toISOString()}]`,
    `#[BaseTime: ${epochSeconds} (seconds since epoch)]`,
    legend,
  ];
  // Readers expect intervals in the order of their start; the sort is stable for tags that start together.
  const ordered = [...histograms].sort((a, b) => a.startSeconds - b.startSeconds);
  for (const histogram of ordered) {
    const start = histogram.startSeconds.toFixed(3);
    const length = histogram.lengthSeconds.toFixed(3);
    const maxMs = (histogram.maxUs / 1000).toFixed(3);
    lines.push(`Tag=${histogram.tag},${start},${length},${maxMs},${histogram.hdr}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The intervals of a log that `writeIntervalLog` made. Throws a plain Error with the line number. */
export function readIntervalLog(text: string): TaggedHistogram[] {
  const histograms: TaggedHistogram[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#') || line.startsWith('"')) continue;
    const parts = /^Tag=([^,]+),([\d.]+),([\d.]+),([\d.]+),([A-Za-z0-9+/=]+)$/.exec(line.trimEnd());
    if (parts === null) {
      throw new Error(`line ${index + 1}: not an interval "Tag=tag,start,length,max,histogram"`);
    }
    const [, tag = '', start, length, maxMs, hdr = ''] = parts;
    histograms.push({
      tag,
      startSeconds: Number(start),
      lengthSeconds: Number(length),
      maxUs: Math.round(Number(maxMs) * 1000),
      hdr,
    });
  }
  return histograms;
}
