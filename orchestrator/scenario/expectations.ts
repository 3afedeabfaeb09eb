import type { Findings } from './findings.ts';

const grammar =
  /^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9_-]+|\[([0-9]+|\*)\])* *(<=|>=|==|!=|<|>) *-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)? *[A-Za-z%]*$/;

/** Reports expressions that are not `path op literal`. */
export function checkExpectations(
  expect: readonly (string | undefined)[],
  findings: Findings,
): void {
  for (const [i, text] of expect.entries()) {
    if (text === undefined || grammar.test(text.trim())) continue;
    const message = `expected path op literal, such as "latency.response.p99 < 50ms"; got ${JSON.stringify(text)}`;
    findings.add(['expect', i], message);
  }
}
