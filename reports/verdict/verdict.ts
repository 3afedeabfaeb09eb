import type { Evidence } from '../evidence.ts';
import type { Account } from '../reconcile/accounts.ts';
import type { RunResult, Verdict } from '../result.ts';
import type { Unjudged } from '../warnings/rule.ts';
import { warningsOf } from '../warnings/warnings.ts';
import { expectationsOf } from './implied.ts';

/** What a run is worth: interrupted before failed before invalid before expectation-missed before ok. */
export function judge(evidence: Evidence, accounts: readonly Account[], result: Unjudged): Verdict {
  const warnings = warningsOf({ evidence, accounts, result });
  const expectations = expectationsOf(evidence.scenario, result);
  const { failure, interrupted } = evidence;
  const status = ((): Verdict['status'] => {
    if (interrupted) return 'interrupted';
    if (failure !== null) return 'failed';
    if (warnings.some(({ invalidates }) => invalidates)) return 'invalid';
    return expectations.every(({ met }) => met) ? 'ok' : 'expectation-missed';
  })();
  return {
    status,
    warnings,
    expectations,
    failure: failure === null ? null : { ...failure },
  };
}

const exitCodes = {
  ok: 0,
  'expectation-missed': 1,
  failed: 3,
  invalid: 4,
  interrupted: 130,
} as const;

/** The exit code of a run; bad input, 2, never gets as far as a result. */
export function exitCode(result: Pick<RunResult, 'verdict'>): 0 | 1 | 3 | 4 | 130 {
  return exitCodes[result.verdict.status];
}
