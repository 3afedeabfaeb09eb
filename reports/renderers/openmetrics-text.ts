// Our own: client libraries write what a process is now, without timestamps; a run is told as it was.

/** A metric family of OpenMetrics 1.0. The name carries no `_total` or `_info`; a unit is its last word. */
export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'info' | 'summary';
  readonly unit?: 'seconds' | 'bytes' | 'ratio';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Appended to the family's name: `_total` of a counter, `_info` of an info, `_count` and `_sum` of a summary. */
  readonly suffix?: '_total' | '_info' | '_count' | '_sum';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since the epoch; absent means now. */
  readonly atSeconds?: number;
}

/** Families as an OpenMetrics text exposition; those without samples are left out. */
export function writeOpenMetrics(families: readonly Family[]): string {
  const lines: string[] = [];
  for (const family of families) {
    if (family.samples.length === 0) continue;
    lines.push(`# TYPE ${family.name} ${family.type}`);
    if (family.unit !== undefined) lines.push(`# UNIT ${family.name} ${family.unit}`);
    lines.push(`# HELP ${family.name} ${escapeText(family.help)}`);
    for (const sample of family.samples) lines.push(sampleLine(family.name, sample));
  }
  lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function sampleLine(name: string, { suffix, labels, value, atSeconds }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeText(text)}"`);
  const braces = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
  const time = atSeconds === undefined ? '' : ` ${atSeconds}`;
  return `${name}${suffix ?? ''}${braces} ${numberText(value)}${time}`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
