import { patterns } from '../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import type { Verdict } from '../result.ts';
import { evaluateAll, parseExpectation } from './thresholds.ts';

/**
 * What a scenario expects without writing it: the guarantee that it names is kept, and something was measured.
 * A topology alone (`bus.type: none`) promises nothing.
 */
function impliedBy({ bus, guarantee, workload }: ResolvedScenario): readonly string[] {
  if (bus.type === 'none') return [];
  const kept =
    guarantee === 'at-most-once'
      ? ['outcome.duplicated == 0']
      : [
          'outcome.lost == 0',
          ...(patterns[workload.pattern].replies ? ['outcome.lostReplies == 0'] : []),
        ];
  return ['outcome.completed > 0', ...kept];
}

/** The expectations of a scenario: the author's, then the implied ones whose paths no line of the author's names. */
export function expectationsOf(
  scenario: ResolvedScenario,
  result: object,
): Verdict['expectations'] {
  const named = new Set(scenario.expect.map(placeOf));
  const implied = impliedBy(scenario).filter((expression) => !named.has(placeOf(expression)));
  return [
    ...evaluateAll(scenario.expect, result).map((found) => ({ ...found, implied: false })),
    ...evaluateAll(implied, result).map((found) => ({ ...found, implied: true })),
  ];
}

/** The same for every way to write a path; the text itself where it is none. */
function placeOf(expression: string): string {
  const parsed = parseExpectation(expression);
  return parsed.kind === 'ok' ? JSON.stringify(parsed.expectation.path.steps) : expression;
}
