import type { RunRecord } from '../record.ts';
import type { RunResult } from '../result.ts';
import type { Family, Sample } from './openmetrics-text.ts';

export type Labels = Readonly<Record<string, string>>;
export type Value = readonly [labels: Labels, value: number | null];

/** Samples of a whole run: labelled with the run, stamped with its end, unknown values left out. */
export function atEnd(
  { result }: RunRecord,
  values: readonly Value[],
  suffix?: Sample['suffix'],
): Sample[] {
  const atSeconds = (Date.parse(result.startedAt) + result.durationMs) / 1000;
  return values.flatMap(([labels, value]) =>
    value === null
      ? []
      : [
          {
            labels: { ...runLabels(result), ...labels },
            value,
            atSeconds,
            ...(suffix === undefined ? {} : { suffix }),
          },
        ],
  );
}

const suffixes: Readonly<Partial<Record<Family['type'], Sample['suffix']>>> = {
  counter: '_total',
  info: '_info',
};

/** A gauge, counter or info of a whole run. */
export function familyOf(
  record: RunRecord,
  head: Omit<Family, 'samples'>,
  values: readonly Value[],
): Family {
  return { ...head, samples: atEnd(record, values, suffixes[head.type]) };
}

/** What tells the samples of one run from those of another. */
export function runLabels({ name, startedAt }: RunResult): Labels {
  return { run: name, started: startedAt };
}
