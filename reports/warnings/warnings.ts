import type { Warning } from '../result.ts';
import { agentRules } from './agents.ts';
import { busRules } from './bus.ts';
import { ledgerRules } from './ledger.ts';
import { networkRules } from './network.ts';
import { observations } from './observed.ts';
import { outcomeRules } from './outcome.ts';
import { apply, type Seen, type WarningRule } from './rule.ts';

const observedRules: readonly WarningRule[] = Object.entries(observations).map(
  ([code, { means, advice }]) => ({
    code,
    means,
    advice,
    check: ({ evidence }) => evidence.warnings.filter((noticed) => noticed.code === code),
  }),
);

/** Every warning there is, in the order of a report; docs/errors.md has the same table. */
export const warningRules: readonly WarningRule[] = [
  ...observedRules,
  ...ledgerRules,
  ...agentRules,
  ...networkRules,
  ...outcomeRules,
  ...busRules,
];

/** Everything about a run that its reader should doubt. */
export function warningsOf(seen: Seen): Warning[] {
  return warningRules.flatMap((rule) => apply(rule, seen));
}
