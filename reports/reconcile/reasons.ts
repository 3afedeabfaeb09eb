import { otherReason, type Reasons, reasonsAClass } from '../../agents/protocol.ts';
import { sum } from './parts.ts';

/** Failures by class and reason, merged from anywhere; unlike what agents keep, without a bound until `reasonsOf`. */
export type ReasonMap = Map<string, Map<string, number>>;

/** Adds to the count of a class and reason. */
export function addReason(to: ReasonMap, outcome: string, reason: string, count: number): void {
  if (count === 0) return;
  const ofClass = to.get(outcome) ?? new Map<string, number>();
  to.set(outcome, ofClass);
  ofClass.set(reason, (ofClass.get(reason) ?? 0) + count);
}

/** Adds all counts of some reasons. */
export function addReasons(to: ReasonMap, reasons: Reasons): void {
  for (const [outcome, ofClass] of Object.entries(reasons)) {
    for (const [reason, count] of Object.entries(ofClass)) addReason(to, outcome, reason, count);
  }
}

/** Adds all counts of another map. */
export function addAll(to: ReasonMap, from: ReasonMap): void {
  for (const [outcome, ofClass] of from) {
    for (const [reason, count] of ofClass) addReason(to, outcome, reason, count);
  }
}

/** As a result has them: classes by name, of each its 20 most frequent reasons, the rest as `other`. */
export function reasonsOf(from: ReasonMap): Record<string, Record<string, number>> {
  const classes = [...from].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    classes.map(([outcome, ofClass]) => {
      const named = [...ofClass].filter(([reason]) => reason !== otherReason);
      const ranked = named.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
      const rest = ranked.splice(reasonsAClass);
      const other = (ofClass.get(otherReason) ?? 0) + sum(rest, ([, count]) => count);
      return [outcome, Object.fromEntries(other > 0 ? [...ranked, [otherReason, other]] : ranked)];
    }),
  );
}
