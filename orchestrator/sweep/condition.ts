import type { RunResult } from '../../reports/result.ts';
import { measures } from '../../reports/sweep/measures.ts';
import { evaluate, parseExpectation } from '../../reports/verdict/thresholds.ts';
import { didYouMean } from '../../topologies/near-name.ts';

/** What a sweep asks of a result to decide how to go on. */
export interface Condition {
  readonly expression: string;
  isTrueOf(result: RunResult): boolean;
}

export type ParsedCondition =
  | { readonly kind: 'ok'; readonly condition: Condition }
  | { readonly kind: 'mistake'; readonly message: string };

const measureShape = /^\s*measure\.(\w+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*$/;

/**
 * An expression of `expect`, or `measure.<name> op number` over what sweeps are compared by (the columns
 * `measure.` of points.csv), such as `measure.busiestNodePercent > 70`. What a result does not know is not true.
 */
export function parseCondition(text: string): ParsedCondition {
  if (text.trimStart().startsWith('measure.')) return parseMeasure(text);
  const parsed = parseExpectation(text);
  if (parsed.kind === 'mistake') return parsed;
  const { expectation } = parsed;
  const isTrueOf = (result: RunResult): boolean => evaluate(expectation, result).met;
  return { kind: 'ok', condition: { expression: expectation.expression, isTrueOf } };
}

function parseMeasure(text: string): ParsedCondition {
  const [, id = '', operator, digits] = measureShape.exec(text) ?? [];
  if (operator === undefined) {
    const message = 'expected `measure.name op number` with op < <= > >=, without a unit';
    return { kind: 'mistake', message };
  }
  const measure = measures.find((one) => one.id === id);
  if (!measure) {
    const ids = measures.map((one) => one.id);
    const message = `there is no measure "${id}"${didYouMean(id, ids)}; there are ${ids.join(', ')}`;
    return { kind: 'mistake', message };
  }
  const limit = Number(digits);
  const isTrueOf = (result: RunResult): boolean => {
    const value = measure.of(result);
    return value !== null && holds(value, operator, limit);
  };
  return { kind: 'ok', condition: { expression: text.trim(), isTrueOf } };
}

function holds(value: number, operator: string, limit: number): boolean {
  if (operator === '<') return value < limit;
  if (operator === '<=') return value <= limit;
  return operator === '>' ? value > limit : value >= limit;
}
