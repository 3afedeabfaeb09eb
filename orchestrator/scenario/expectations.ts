import { parseExpectation } from '../../reports/verdict/thresholds.ts';
import type { Findings } from './findings.ts';

/** Reports expressions that could not be judged: no `path op literal`, a path no result has, a unit that does not fit. */
export function checkExpectations(
  expect: readonly (string | undefined)[],
  findings: Findings,
): void {
  for (const [i, text] of expect.entries()) {
    if (text === undefined) continue;
    const parsed = parseExpectation(text);
    if (parsed.kind === 'mistake') {
      findings.add(['expect', i], `${parsed.message}; got ${JSON.stringify(text)}`);
    }
  }
}
