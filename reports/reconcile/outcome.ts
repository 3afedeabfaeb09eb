import { otherReason, type Reasons } from '../../agents/protocol.ts';
import type { RunResult } from '../result.ts';
import type { Account } from './accounts.ts';
import { addTo, sum } from './parts.ts';
import { addAll, addReason, addReasons, type ReasonMap, reasonsOf } from './reasons.ts';

/** The ledger over all clients, with the reasons that their processes told; `due` is what reconciled clients had due, so due = completed + failedTotal must hold. */
export function outcomeOf(
  accounts: readonly Account[],
  told: readonly Reasons[],
): RunResult['outcome'] {
  const failed = new Map<string, number>();
  for (const account of accounts) {
    for (const [outcome, count] of account.failed) addTo(failed, outcome, count);
  }
  return {
    due: sum(accounts, (a) => a.due),
    sent: sum(accounts, (a) => a.sent),
    completed: sum(accounts, (a) => a.completed),
    failedTotal: sum(failed.values(), (count) => count),
    failed: Object.fromEntries([...failed].sort(([a], [b]) => (a < b ? -1 : 1))),
    delivered: sum(accounts, (a) => a.deliveries.delivered),
    expectedDeliveries: sum(accounts, (a) => a.expectedDeliveries),
    late: sum(accounts, (a) => a.late),
    lost: sum(accounts, (a) => a.lost),
    lostReplies: sum(accounts, (a) => a.lostReplies),
    duplicated: sum(accounts, (a) => a.deliveries.duplicated),
    redelivered: sum(accounts, (a) => a.deliveries.redelivered),
    reordered: sum(accounts, (a) => a.deliveries.reordered),
    unroutable: failed.get('unroutable') ?? 0,
    unknown: sum(accounts, (a) => a.unknown),
    reasons: reasonsFor(accounts, told, failed),
  };
}

/** What clients knew and what the ledger found; failures of a process that could not tell why are `other`. */
function reasonsFor(
  accounts: readonly Account[],
  told: readonly Reasons[],
  failed: ReadonlyMap<string, number>,
): Record<string, Record<string, number>> {
  const all: ReasonMap = new Map();
  for (const reasons of told) addReasons(all, reasons);
  for (const { reasons } of accounts) addAll(all, reasons);
  for (const [outcome, count] of failed) {
    const known = sum(all.get(outcome)?.values() ?? [], (n) => n);
    addReason(all, outcome, otherReason, Math.max(0, count - known));
  }
  return reasonsOf(all);
}

/** Coverage over every message sent that the bus did not refuse and that had receivers; null where there is none. */
export function coverageOf(accounts: readonly Account[]): RunResult['fanout'] {
  let [least, total, count] = [1, 0, 0];
  for (const { coverage } of accounts) {
    for (const share of coverage) {
      least = Math.min(least, share);
      total += share;
      count++;
    }
  }
  return count === 0 ? null : { coverageMin: least, coverageMean: total / count };
}

/** Operations of a client that failed, and of these the ones that were never sent. */
export function failuresOf(account: Account): { readonly all: number; readonly unsent: number } {
  return {
    all: sum(account.failed.values(), (count) => count),
    unsent: account.failed.get('unsent') ?? 0,
  };
}

/** Clients whose own books do not balance: due is not completed + failed. */
export function unbalanced(accounts: readonly Account[]): readonly Account[] {
  return accounts.filter((account) => account.due !== account.completed + failuresOf(account).all);
}
