import {
  formatBytes,
  formatMs,
  formatNumber,
  formatRate,
  formatRatio,
  formatUs,
} from '../format.ts';
import type { Verdict } from '../result.ts';
import { parsePath } from '../verdict/paths.ts';
import type { Tone } from './section.ts';

/** One line of judgement with what backs it and what to do. */
export interface Judgement {
  readonly mark: string;
  readonly tone: Tone;
  readonly text: string;
  readonly advice: string;
}

/** Warnings, those that break the result first; advice that several in a row share is given after the last. */
export function warningsOf({ warnings }: Verdict): Judgement[] {
  return [...warnings]
    .sort((a, b) => Number(b.invalidates) - Number(a.invalidates))
    .map((warning, index, sorted) => ({
      mark: warning.invalidates ? 'invalid' : 'warning',
      tone: warning.invalidates ? 'bad' : 'warn',
      text: `${warning.code}: ${warning.message}`,
      advice: sorted[index + 1]?.advice === warning.advice ? '' : warning.advice,
    }));
}

/** Every `expect` of the scenario, and what it implies, with what was seen. */
export function expectationsOf({ expectations }: Verdict): Judgement[] {
  return expectations.map(({ expression, actual, met, implied }) => ({
    mark: met ? 'met' : 'missed',
    tone: met ? 'good' : 'bad',
    text: `${expression}${implied ? ' (implied)' : ''}, got ${actual === null ? 'no value' : inUnitOf(expression, actual)}`,
    advice: '',
  }));
}

/** In the unit of the expression's path, as that of `latency.response.p99` is µs. */
function inUnitOf(expression: string, actual: number): string {
  const parsed = parsePath(/^[^<>=!]*/.exec(expression)?.[0].trim() ?? '');
  switch (parsed.kind === 'path' ? parsed.path.unit : null) {
    case 'Us':
      return formatUs(actual);
    case 'Ms':
      return formatMs(actual);
    case 'Seconds':
      return formatMs(1000 * actual);
    case 'Bytes':
      return formatBytes(actual);
    case 'PerSecond':
      return formatRate(actual);
    case 'Ratio':
      return formatRatio(actual);
    case 'Percent':
      return `${formatNumber(actual)} %`;
    case 'Mbps':
      return `${formatNumber(actual)} Mbit/s`;
    case null:
      return formatNumber(actual);
  }
}
