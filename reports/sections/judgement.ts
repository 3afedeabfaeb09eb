import { formatBytes, formatMs, formatNumber, formatUs } from '../format.ts';
import type { Verdict } from '../result.ts';
import type { Tone } from './section.ts';

/** One line of judgement with what backs it and what to do. */
export interface Judgement {
  readonly mark: string;
  readonly tone: Tone;
  readonly text: string;
  readonly advice: string;
}

/** Warnings, those that break the result first. */
export function warningsOf({ warnings }: Verdict): Judgement[] {
  return [...warnings]
    .sort((a, b) => Number(b.invalidates) - Number(a.invalidates))
    .map((warning) => ({
      mark: warning.invalidates ? 'invalid' : 'warning',
      tone: warning.invalidates ? 'bad' : 'warn',
      text: `${warning.code}: ${warning.message}`,
      advice: warning.advice,
    }));
}

/** Every `expect` of the scenario with what was seen. */
export function expectationsOf({ expectations }: Verdict): Judgement[] {
  return expectations.map(({ expression, actual, met }) => ({
    mark: met ? 'met' : 'missed',
    tone: met ? 'good' : 'bad',
    text: `${expression}, got ${actual === null ? 'no value' : inUnitOf(expression, actual)}`,
    advice: '',
  }));
}

/** The unit is in the path: the suffix of its leaf, or microseconds for all that lies below `latency`. */
function inUnitOf(expression: string, actual: number): string {
  const path = /^[^<>=!\s]*/.exec(expression)?.[0] ?? '';
  if (/Us$/.test(path) || (/^latency(Us)?\./.test(path) && !/count|failed|negative/.test(path))) {
    return formatUs(actual);
  }
  if (path.endsWith('Ms')) return formatMs(actual);
  if (/bytes$/i.test(path)) return formatBytes(actual);
  return path.endsWith('Percent') ? `${formatNumber(actual)} %` : formatNumber(actual);
}
